"""Bots and commands: every documented answer to a removal, and what comes of it.

b24restdocs: chat-bots/outdated/bots/imbot-unregister.md, commands/imbot-command-unregister.md;
chat-bots-v2/imbot.v2/bots/bot-unregister.md, commands/command-unregister.md.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from b24app.store import PortalStore
from tests.cast import typed_bot, typed_command
from tests.integration.answers import (
    ACCESS,
    FOREIGN,
    NO,
    PASSING,
    SUCCESS,
    SYSTEM,
    Stage,
    foreign,
    gone,
    hurried,
    own,
)

__all__ = ["hurried"]

pytestmark = [
    pytest.mark.parametrize("world", ["source", "documented"], indirect=True),
    pytest.mark.usefixtures("hurried"),
]

METHODS = {
    ("bot", "old"): "imbot.unregister",
    ("bot", "new"): "imbot.v2.Bot.unregister",
    ("command", "old"): "imbot.command.unregister",
    ("command", "new"): "imbot.v2.Command.unregister",
}
DONE = {"bot": "The bot is deleted.", "command": "The command is unregistered."}
OTHERS = {"replied": 409}
TABLES = {
    ("bot", "old"): [
        SUCCESS,
        gone("BOT_ID_ERROR"),
        foreign("APP_ID_ERROR"),
        own("APP_ID_ERROR", 400, FOREIGN, **OTHERS),
        own("WRONG_REQUEST", 400, NO),
    ],
    ("bot", "new"): [
        SUCCESS,
        gone("BOT_NOT_FOUND"),
        foreign("BOT_OWNERSHIP_ERROR"),
        own("BOT_OWNERSHIP_ERROR", 403, FOREIGN, **OTHERS),
        own("BOT_UNREGISTER_FAILED", 400, NO),
        own("BOT_ID_REQUIRED", 400, NO),
        own("BOT_TOKEN_NOT_SPECIFIED", 400, NO),
        own("BOT_TOKEN_NOT_SPECIFIED", 403, NO),
    ],
    ("command", "old"): [
        SUCCESS,
        gone("COMMAND_ID_ERROR"),
        foreign("APP_ID_ERROR"),
        own("WRONG_REQUEST", 400, NO),
    ],
    ("command", "new"): [
        SUCCESS,
        gone("COMMAND_NOT_FOUND"),
        gone("BOT_NOT_FOUND"),
        foreign("BOT_OWNERSHIP_ERROR"),
        own("BOT_OWNERSHIP_ERROR", 403, FOREIGN, **OTHERS),
        own("BOT_ID_REQUIRED", 400, NO),
        own("BOT_TOKEN_NOT_SPECIFIED", 400, NO),
        own("BOT_TOKEN_NOT_SPECIFIED", 403, NO),
    ],
}


@pytest.fixture(params=METHODS, ids=METHODS.values())
def stage(request, anna, world, resources) -> Stage:
    """Anna removes a bot, or a command, that was registered with this family of methods."""
    anna.install()
    thing, family = request.param

    def place() -> str:
        bot = _bot(anna, world, family)
        if thing == "bot":
            return f"/bots/{bot.id}"
        anna.post("/commands", typed_command(bot.id))
        store = PortalStore(resources.redis, anna.portal.member_id)
        [command] = store.commands.all()
        return f"/commands/{command.id}"

    return Stage(
        person=anna,
        world=world,
        resources=resources,
        method=METHODS[request.param],
        shelf=f"{thing}s",
        place=place,
        press=lambda url: anna.post(f"{url}/unregistration", {"confirmation": "Helper of Aurora"}),
        spoil=lambda url, how: _spoil(anna, thing, how),
        done=DONE[thing],
    )


def test_each_answer_of_its_own(stage):
    table = next(TABLES[key] for key, method in METHODS.items() if method == stage.method)
    assert stage.go_through(table)


def test_each_answer_that_any_method_may_give(stage):
    assert stage.go_through([*SYSTEM, *PASSING])


def test_each_answer_that_costs_the_access(stage):
    assert stage.go_through(ACCESS)


def _bot(anna, world, family: str):
    """Anna's bot of this family."""
    if anna.bots():
        return anna.bots()[0]
    if family == "old":
        world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)
    anna.post("/bots", typed_bot())
    [bot] = anna.bots()
    assert bot.api == {"old": "v1", "new": "v2"}[family]
    return bot


def _spoil(anna, thing: str, how: str) -> Callable[[], None]:
    [bot] = anna.bots()
    if how == "foreign":
        return _give_away([bot, *anna.portal.commands.values()], bot.client_id)
    if thing == "bot":
        anna.portal.bots.remove(bot)
    else:
        anna.portal.commands.clear()
    return lambda: None


def _give_away(things, ours: str) -> Callable[[], None]:
    def owned_by(client_id: str) -> None:
        for thing in things:
            thing.client_id = client_id

    owned_by("app.of.another")
    return lambda: owned_by(ours)
