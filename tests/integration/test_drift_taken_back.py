"""What was done about a difference is taken back."""

from __future__ import annotations

import pytest

from b24app.records import Verb
from tests.cast import typed_command
from tests.integration.drifting import BOTH, add_bot, add_command, do, findings, offers, told


@BOTH
@pytest.mark.parametrize("thing", ["bot", "command"])
def test_taking_back_an_adoption_takes_it_off_the_list_and_leaves_the_portal(
    anna, world, ours, thing
):
    {"bot": add_bot, "command": add_command}[thing](world, anna)
    number = [*anna.portal.bots][-1].id if thing == "bot" else [*anna.portal.commands][-1]
    do(anna, thing, number, "unknown", "adoption")
    [line] = [one for one in ours.store.history(1) if one.verb is Verb.ADOPT]
    before = (len(anna.portal.bots), len(anna.portal.commands))
    page = anna.get("/history").text

    first = anna.post(f"/history/{line.id}/undo")
    again = anna.post(f"/history/{line.id}/undo")

    assert "Put on the list" in page and "Take it off your list?" in page
    assert told(first) == "It is off your list. On the portal nothing was changed."
    assert "taken back already" in told(again)
    assert before == (len(anna.portal.bots), len(anna.portal.commands))
    shelf = ours.store.bots if thing == "bot" else ours.store.commands
    assert number not in [one.id for one in shelf.all()]
    assert ours.store.history(1)[0].undoes == line.id


def test_an_adopted_bot_that_has_commands_since_stays_on_the_list(anna, world, ours):
    add_bot(world, anna)
    number = anna.bots()[-1].id
    do(anna, "bot", number, "unknown", "adoption")
    [line] = [one for one in ours.store.history(1) if one.verb is Verb.ADOPT]
    anna.post("/commands", typed_command(number, name="new"))

    reply = anna.post(f"/history/{line.id}/undo")

    assert reply.status_code == 422
    assert "Unregister those first." in reply.text
    assert ours.store.bots.get(number).published


ONLY_THERE = "The code and the type of a bot cannot be changed from here."
FIXED = pytest.mark.parametrize(("field", "value"), [("code", "another"), ("type", "supervisor")])


@FIXED
def test_what_a_portal_does_not_let_us_change_of_a_bot_can_only_be_taken(anna, ours, field, value):
    [bot] = anna.bots()
    bot.name = "Renamed"
    setattr(bot, field, value)

    page = anna.post("/drift/look")
    refused = do(anna, "bot", bot.id, "different", "restoration")
    taken = do(anna, "bot", bot.id, "different", "adoption")

    assert offers(page) == [f"/drift/bot/{bot.id}/adoption"]
    assert (refused.status_code, taken.status_code) == (422, 200)
    assert (getattr(ours.store.bots.get(bot.id), field), findings(ours)) == (value, [])


@FIXED
def test_taking_that_cannot_be_taken_back_and_the_page_says_why(anna, ours, field, value):
    [bot] = anna.bots()
    setattr(bot, field, value)
    do(anna, "bot", bot.id, "different", "adoption")
    [line] = ours.store.history(1)

    page = anna.get("/history").text
    reply = anna.post(f"/history/{line.id}/undo")

    assert f"/history/{line.id}/undo" not in page
    assert (reply.status_code, page.count(ONLY_THERE)) == (422, 1)
    assert ONLY_THERE in reply.text
    assert ours.store.history(1) == [line]


@FIXED
def test_what_was_taken_beside_it_is_taken_back(anna, ours, field, value):
    [bot] = anna.bots()
    bot.name = "Renamed"
    setattr(bot, field, value)
    do(anna, "bot", bot.id, "different", "adoption")
    [line] = ours.store.history(1)

    first = anna.post(f"/history/{line.id}/undo")
    again = anna.post(f"/history/{line.id}/undo")

    record = ours.store.bots.get(bot.id)
    assert (first.status_code, bot.name, record.name) == (200, "Helper", "Helper")
    assert (getattr(bot, field), getattr(record, field)) == (value, value)
    assert "taken back already" in told(again)
