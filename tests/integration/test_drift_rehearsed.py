"""Before something is done about a difference: the page shows the very calls, and makes none."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from sandbox.records import Bot
from sandbox.world import World
from tests.cast import Person, typed_bot, typed_command
from tests.integration.drifting import (
    BOTH,
    KEY,
    add_bot,
    add_command,
    add_widget,
    change_command,
    change_widget,
    do,
    remove_bot,
    remove_command,
    rename_bot,
    rename_command,
    without_the_newer_family,
)
from tests.integration.test_rehearsal import made

Touch = Callable[[World, Person], None]
NEW_BOT = "imbot.v2.bot"
NEW_COMMAND = "imbot.v2.command"
BACK = [
    f"{NEW_BOT}.register",
    f"{NEW_COMMAND}.register",
    "imbot.app.register",
    "imbot.app.update",
    "imbot.app.unregister",
]
# What is touched, the thing and how it differs then, the deed and the calls that change something.
CASES: dict[str, tuple[Touch, str, str, str, list[str]]] = {
    "bot renamed, ours sent": (
        rename_bot, "bot", "different", "restoration", [f"{NEW_BOT}.update"],
    ),
    "bot renamed, theirs taken": (rename_bot, "bot", "different", "adoption", []),
    "bot gone, put back": (
        remove_bot, "bot", "missing", "restoration", BACK,
    ),
    "bot gone, forgotten": (remove_bot, "bot", "missing", "removal", []),
    "bot unknown, listed": (add_bot, "bot", "unknown", "adoption", []),
    "bot unknown, deleted": (
        add_bot, "bot", "unknown", "removal", [f"{NEW_BOT}.unregister"],
    ),
    "command changed, ours sent": (
        change_command, "command", "different", "restoration", [f"{NEW_COMMAND}.update"],
    ),
    "command renamed, ours sent": (
        rename_command, "command", "different", "restoration", [f"{NEW_COMMAND}.update"],
    ),
    "command changed, theirs taken": (change_command, "command", "different", "adoption", []),
    "command gone, put back": (
        remove_command, "command", "missing", "restoration", [f"{NEW_COMMAND}.register"],
    ),
    "command gone, forgotten": (remove_command, "command", "missing", "removal", []),
    "command unknown, removed": (
        add_command, "command", "unknown", "removal", [f"{NEW_COMMAND}.unregister"],
    ),
    "widget changed, ours sent": (
        change_widget, "widget", "different", "restoration",
        ["placement.bind", "placement.unbind", "placement.bind"],
    ),
    "widget unknown, removed": (
        add_widget, "widget", "unknown", "removal", ["placement.unbind"],
    ),
}  # fmt: skip


def plan(person: Person, thing: str, number: object, how: str, deed: str) -> list[str]:
    """The calls the page says would change the portal; the others say that they only ask."""
    path = f"/drift/{thing}/{quote(str(number))}/{deed}?rehearsal=1"
    reply = person.post(path, {"how": how})
    assert reply.status_code == 200, reply.text
    found = re.findall(r"<code>([^<]+)</code>\s*(<span[^>]*>Only asks</span>)?", reply.text)
    return [method.lower() for method, asks in found if not asks and method != "batch"]


def number_of(person: Person, thing: str, how: str) -> str:
    """The id of what differs, which stands there last."""
    if thing == "widget":
        return "z" * 22 if how == "unknown" else KEY
    return str(person.bots()[-1].id if thing == "bot" else [*person.portal.commands][-1])


@BOTH
@pytest.mark.parametrize("case", CASES)
def test_the_calls_that_a_deed_makes_are_shown_before_and_none_is_made(
    anna, world, ours, work, case
):
    touch, thing, how, deed, calls = CASES[case]
    before = number_of(anna, thing, "missing")
    touch(world, anna)
    number = before if how == "missing" else number_of(anna, thing, how)
    anna.post("/drift/look")
    since, lines = len(anna.portal.rest_log), ours.store.history()

    planned = plan(anna, thing, number, how, deed)
    asked, unchanged = made(anna, since), ours.store.history() == lines
    since = len(anna.portal.rest_log)
    do(anna, thing, number, how, deed, confirmation="Second Bot")
    work()

    assert (planned, asked, unchanged) == (calls, [], True)
    assert made(anna, since) == calls


@pytest.fixture
def old(anna, world) -> Person:
    """Anna, whose portal has the first family of methods alone; with a bot and a command."""
    without_the_newer_family(world)
    anna.install()
    anna.post("/bots", typed_bot())
    anna.post("/commands", typed_command(anna.bots()[0].id))
    world.drain()
    return anna


def add_old_bot(world: World, person: Person) -> None:
    client_id = world.card.client_id
    person.portal.bots.append(Bot(person.portal.take_id(), "mine", client_id, "Second", "Bot"))


OLD: dict[str, tuple[Touch, str, str, str, list[str]]] = {
    "bot renamed, ours sent": (rename_bot, "bot", "different", "restoration", ["imbot.update"]),
    "bot renamed, theirs taken": (rename_bot, "bot", "different", "adoption", []),
    "bot unknown, listed": (add_old_bot, "bot", "unknown", "adoption", []),
    "bot unknown, deleted": (add_old_bot, "bot", "unknown", "removal", ["imbot.unregister"]),
    "command gone, put back": (
        remove_command, "command", "missing", "restoration",
        ["imbot.command.register", "imbot.command.update"],
    ),
    "command gone, forgotten": (remove_command, "command", "missing", "removal", []),
}  # fmt: skip


@pytest.mark.parametrize("case", OLD)
def test_so_are_those_of_a_portal_that_has_the_first_family_of_methods_alone(
    old, world, work, case
):
    touch, thing, how, deed, calls = OLD[case]
    before = number_of(old, thing, "missing")
    touch(world, old)
    number = before if how == "missing" else number_of(old, thing, how)
    old.post("/drift/look")
    old.post("/drift/check")
    work()
    since = len(old.portal.rest_log)

    planned = plan(old, thing, number, how, deed)
    asked = made(old, since)
    since = len(old.portal.rest_log)
    do(old, thing, number, how, deed, confirmation="Second Bot")
    work()

    assert (planned, asked) == (calls, [])
    assert made(old, since) == calls
