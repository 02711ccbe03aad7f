"""What alone the portal has goes, and comes back: bots with their commands."""

from __future__ import annotations

import re

from b24app.actions.portal import Portal
from b24app.records import Verb
from tests.integration.drifting import (
    BOTH,
    add_command,
    do,
    findings,
    requests_of,
    without_the_newer_family,
)


def unlist(of: Portal, *shelves: str) -> None:
    """Our list knows nothing of these kinds of things any more; the portal has them all."""
    for name in shelves:
        shelf = getattr(of.store, name)
        for thing in shelf.all():
            shelf.delete(thing, actor=of.actor, verb=Verb.FORGET)


@BOTH
def test_an_unknown_bot_is_deleted_with_its_commands_and_all_of_them_come_back(
    anna, world, ours, work
):
    add_command(world, anna)
    [bot] = anna.bots()
    unlist(ours, "chat_apps", "commands", "bots")

    page = anna.post("/drift/look").text
    [name] = re.findall(r'data-typed="([^"]+)"', page)
    done = do(anna, "bot", bot.id, "unknown", "removal", confirmation=name)
    gone = (anna.bots(), list(anna.portal.commands))
    line = next(one for one in ours.store.history() if one.thing == "bot")
    back = anna.post(f"/history/{line.id}/undo")
    work()

    assert 'data-text="Deleted with it: 2 commands, its chat apps' in page
    assert "does not tell which chat apps it has" in page
    assert (done.status_code, gone, back.status_code) == (200, ([], []), 200)
    assert sorted(row.command for row in anna.portal.commands.values()) == ["hello", "help"]
    [again] = anna.bots()
    assert {one.bot_id for one in ours.store.commands.all()} == {again.id}
    assert anna.chat_apps() == []


def test_what_goes_with_an_unknown_bot_of_an_old_portal_is_not_known(anna, world, ours):
    [bot] = anna.bots()
    unlist(ours, "chat_apps", "commands", "bots")
    without_the_newer_family(world)

    page = anna.post("/drift/look").text

    assert f"/drift/bot/{bot.id}/removal" in page
    assert "only the bot itself can come back" in page


def test_a_look_that_finds_unknown_bots_asks_for_their_commands_together(anna, ours):
    unlist(ours, "chat_apps", "commands", "bots")
    since = len(anna.portal.rest_log)

    anna.post("/drift/look")

    assert requests_of(anna, since) == ["batch", "batch"]
    assert [finding[0] for finding in findings(ours)] == ["bot"]


def test_an_unknown_command_without_a_title_can_be_brought_back_too(anna, world, ours):
    add_command(world, anna)
    number = list(anna.portal.commands)[-1]
    anna.portal.commands[number].lang = []
    do(anna, "command", number, "unknown", "removal")
    change = ours.store.history()[0]

    reply = anna.post(f"/history/{change.id}/undo")

    assert reply.status_code == 200
    [_, back] = anna.portal.commands.values()
    assert (back.command, back.lang[0]["TITLE"]) == ("hello", "hello")
