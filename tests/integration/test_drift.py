"""What can be done about each difference, from the page."""

from __future__ import annotations

import re

import pytest

from b24app.records import BotApi, Place, Verb
from tests.cast import Person
from tests.integration.drifting import (
    BOTH,
    KEY,
    MAIL,
    add_bot,
    add_command,
    add_widget,
    change_command,
    change_widget,
    do,
    findings,
    look_and_do,
    offers,
    remove_bot,
    remove_command,
    remove_connector,
    remove_widget,
    rename_bot,
    rename_command,
    requests_of,
    retitle_command,
    told,
)


def test_every_button_about_a_difference_shows_its_calls_before(anna, world, ours):
    remove_connector(world, anna)
    add_command(world, anna)
    anna.portal.bindings = [row for row in anna.portal.bindings if row.event != "ONAPPUPDATE"]

    page = anna.post("/drift/look").text

    asking = re.findall(r'<button[^>]*hx-post="(/drift/[^"]+/[^"]+)"[^>]*data-rehearsal', page)
    forms = re.findall(r'<form[^>]*hx-post="(/drift/[^"]+/[^"]+)"(.*?)</form>', page, re.S)
    assert len(asking) == 2 and [path for path, _ in forms] == [
        f"/drift/command/{max(anna.portal.commands)}/adoption",
        f"/drift/connector/{MAIL}/restoration",
        "/drift/subscription/missing/restoration",
    ]
    for _, form in forms:
        assert 'name="how"' in form and 'data-behaviour="rehearse"' in form


def number_of(person: Person, thing: str, how: str) -> str:
    """The id of the thing that a case is about, before it is touched."""
    if thing == "connector":
        return MAIL
    if thing == "widget":
        return "z" * 22 if how == "unknown" else KEY
    if how == "unknown":
        return str(person.portal.next_id)
    return str(person.bots()[0].id if thing == "bot" else next(iter(person.portal.commands)))


FOUND = {
    "bot gone": (remove_bot, "bot", "missing", ["restoration", "removal"]),
    "command gone": (remove_command, "command", "missing", ["restoration", "removal"]),
    "connector gone": (remove_connector, "connector", "missing", ["restoration", "removal"]),
    "widget gone": (remove_widget, "widget", "missing", ["restoration", "removal"]),
    "bot renamed": (rename_bot, "bot", "different", ["restoration", "adoption"]),
    "command changed": (change_command, "command", "different", ["restoration", "adoption"]),
    "command renamed": (rename_command, "command", "different", ["restoration", "adoption"]),
    "command retitled": (retitle_command, "command", "different", ["restoration", "adoption"]),
    "widget changed": (change_widget, "widget", "different", ["restoration", "adoption"]),
    "bot unknown": (add_bot, "bot", "unknown", ["adoption", "removal"]),
    "command unknown": (add_command, "command", "unknown", ["adoption", "removal"]),
    "widget unknown": (add_widget, "widget", "unknown", ["removal"]),
}


# What the portal lists differs by profile for commands and connectors alone.
DEEDS = [
    (profile, case, deed)
    for profile in ("source", "documented")
    for case, (_, thing, _, deeds) in FOUND.items()
    if profile == "source" or thing in ("command", "connector")
    for deed in deeds
]


@pytest.mark.parametrize(("world", "case", "deed"), DEEDS, indirect=["world"])
def test_a_difference_is_found_and_a_deed_ends_it(anna, world, ours, work, case, deed):
    touch, thing, how, deeds = FOUND[case]
    number = number_of(anna, thing, how)
    touch(world, anna)

    seen = anna.post("/drift/look")
    mine = [url for url in offers(seen) if url.startswith(f"/drift/{thing}/{number}/")]
    found = findings(ours)
    reply = look_and_do(anna, work, thing, number, how, deed)
    anna.post("/drift/look")

    assert (thing, number, how) in found
    assert mine == [f"/drift/{thing}/{number}/{deed}" for deed in deeds]
    assert (reply.status_code, findings(ours)) == (200, [])
    assert ours.store.history()[0].user_id == anna.user.id


def test_a_bot_that_is_put_back_brings_its_commands_and_chat_apps(anna, world, ours, work):
    old = anna.bots()[0].id
    remove_bot(world, anna)

    reply = do(anna, "bot", old, "missing", "restoration")
    work()

    [bot] = anna.bots()
    assert bot.id != old
    assert "follow" in told(reply)
    assert [command.bot_id for command in anna.portal.commands.values()] == [bot.id]
    assert [app.bot_id for app in anna.chat_apps()] == [bot.id]


def test_restoring_a_value_sends_ours(anna, world, ours):
    rename_bot(world, anna)
    rename_command(world, anna)
    change_widget(world, anna)
    [command] = anna.portal.commands.values()

    do(anna, "bot", anna.bots()[0].id, "different", "restoration")
    do(anna, "command", command.id, "different", "restoration")
    do(anna, "widget", KEY, "different", "restoration")

    assert anna.bots()[0].name == "Helper"
    [command] = anna.portal.commands.values()
    assert command.command == "help"
    rows = [row for row in anna.portal.placements if row.handler.endswith(KEY)]
    assert {row.code for row in rows} == {"IM_TEXTAREA", "IM_NAVIGATION"}
    assert {row.options["role"] for row in rows} == {"USER"}


def test_adopting_a_value_changes_only_our_record(anna, world, ours):
    [command] = anna.portal.commands.values()
    for touch in (rename_bot, rename_command, change_widget):
        touch(world, anna)
    since = len(anna.portal.rest_log)

    do(anna, "bot", anna.bots()[0].id, "different", "adoption")
    do(anna, "command", command.id, "different", "adoption")
    do(anna, "widget", KEY, "different", "adoption")

    assert set(requests_of(anna, since)) == {"batch"}
    assert ours.store.bots.get(anna.bots()[0].id).name == "Renamed"
    assert ours.store.commands.get(command.id).name == "aid"
    assert ours.store.widgets.get(KEY).places == (Place.TEXTAREA,)
    assert ours.store.widgets.get(KEY).admin_only
    assert anna.bots()[0].name == "Renamed"


@BOTH
def test_what_is_adopted_is_on_the_list_as_the_portal_has_it(anna, world, ours):
    add_bot(world, anna)
    add_command(world, anna)
    bot, command = anna.bots()[-1], list(anna.portal.commands.values())[-1]

    do(anna, "bot", bot.id, "unknown", "adoption")
    do(anna, "command", command.id, "unknown", "adoption")

    record = ours.store.bots.get(bot.id)
    assert (record.code, record.full_name, record.api) == ("second", "Second Bot", BotApi.V2)
    hello = ours.store.commands.get(command.id)
    assert (hello.name, hello.extranet, hello.common) == ("hello", True, False)
    assert [(hint.title, hint.params) for hint in hello.translations] == [("Says hello", "[name]")]
    assert ours.store.history()[0].verb is Verb.ADOPT


def test_forgetting_takes_off_the_list_and_leaves_the_portal(anna, world, ours):
    number = next(iter(anna.portal.commands))
    for touch in (remove_command, remove_connector, remove_widget):
        touch(world, anna)

    for thing, thing_id in (("command", number), ("connector", MAIL), ("widget", KEY)):
        do(anna, thing, thing_id, "missing", "removal")

    store = ours.store
    assert (store.commands.all(), store.connectors.all(), store.widgets.all()) == ([], [], [])
    assert [line.verb for line in store.history()[:3]] == [Verb.FORGET] * 3


def test_an_unknown_bot_is_deleted_only_when_its_name_was_typed(anna, world, ours):
    add_bot(world, anna)
    number = anna.bots()[-1].id

    refused = do(anna, "bot", number, "unknown", "removal", confirmation="Second")
    left = [bot.id for bot in anna.bots()]
    done = do(anna, "bot", number, "unknown", "removal", confirmation=" Second  Bot ")

    assert (refused.status_code, number in left) == (422, True)
    assert (done.status_code, [bot.id for bot in anna.bots()]) == (200, left[:1])
    assert [bot.id for bot in ours.store.bots.all()] == left[:1]


def test_what_was_deleted_from_the_portal_can_be_brought_back(anna, world, ours):
    add_command(world, anna)
    number = list(anna.portal.commands)[-1]
    do(anna, "command", number, "unknown", "removal")
    change = ours.store.history()[0]

    reply = anna.post(f"/history/{change.id}/undo")

    assert reply.status_code == 200
    assert [command.command for command in anna.portal.commands.values()] == ["help", "hello"]


def test_a_difference_that_has_gone_meanwhile_is_told_and_nothing_is_done(anna, world, ours):
    rename_bot(world, anna)
    anna.post("/drift/look")
    bot = anna.bots()[0]
    bot.name = "Helper"
    changes = ours.store.history()

    reply = do(anna, "bot", bot.id, "different", "adoption")

    assert "nothing was done" in told(reply)
    assert (findings(ours), ours.store.history()) == ([], changes)
