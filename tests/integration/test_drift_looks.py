"""Looking at a portal: what is found, what is not, and what a look that fails leaves."""

from __future__ import annotations

from dataclasses import replace

from b24app.records import BotApi, Verb
from sandbox.records import Bot
from tests.cast import typed_bot, typed_command
from tests.integration.drifting import (
    BOTH,
    do,
    findings,
    opened,
    remove_bot,
    rename_bot,
    requests_of,
    told,
    without_the_newer_family,
)


@BOTH
def test_what_nobody_touched_is_in_order(anna, ours):
    reply = anna.post("/drift/look")

    assert reply.status_code == 200
    assert told(reply).startswith("Everything is in order. Looked at on ")
    assert findings(ours) == []


@BOTH
def test_what_an_old_portal_has_is_in_order_too(anna, world, resources):
    without_the_newer_family(world)
    anna.install()
    anna.post("/bots", typed_bot())
    anna.post("/commands", typed_command(anna.bots()[0].id))

    reply = anna.post("/drift/look")

    assert anna.bots()[0].api == "v1"
    assert findings(opened(anna, resources)) == []
    assert "does not list commands" in reply.text
    assert "No difference in what could be seen" in told(reply)


@BOTH
def test_a_bot_of_the_first_family_is_in_order_on_a_new_portal(anna, world, resources):
    gone = {"code": "ERROR_METHOD_NOT_FOUND", "status": 404}
    anna.install()
    world.faults.order("error", "method.get", **gone)
    anna.post("/bots", typed_bot())
    anna.post("/commands", typed_command(anna.bots()[0].id))

    reply = anna.post("/drift/look")

    assert anna.bots()[0].api == "v1"
    assert told(reply).startswith("Everything is in order.")


def test_a_look_is_one_request_that_changes_nothing(anna, ours):
    since = len(anna.portal.rest_log)
    before = [len(anna.portal.bots), len(anna.portal.commands), len(anna.portal.placements)]
    changes = ours.store.history()

    anna.post("/drift/look")

    assert requests_of(anna, since) == ["batch"]
    after = [len(anna.portal.bots), len(anna.portal.commands), len(anna.portal.placements)]
    assert (after, ours.store.history()) == (before, changes)


def test_the_page_shows_the_last_look_without_asking_the_portal(anna, ours):
    first = anna.get("/drift")
    anna.post("/drift/look")
    since = len(anna.portal.rest_log)

    second = anna.get("/drift")

    assert 'hx-post="/drift/look" hx-trigger="load"' in first.text
    assert "Everything is in order." in second.text
    assert 'hx-trigger="load"' not in second.text
    assert anna.portal.rest_log[since:] == []


def test_what_the_portal_has_although_we_believe_it_gone_is_noticed(anna, ours):
    record = ours.store.bots.all()[0]
    lost = replace(record, published=False)
    ours.store.bots.save(
        lost, seen=record.version, actor=ours.actor, verb=Verb.UPDATE, before=record
    )

    anna.post("/drift/look")
    seen = findings(ours)
    do(anna, "bot", record.id, "different", "adoption")

    assert seen == [("bot", str(record.id), "different")]
    assert ours.store.bots.get(record.id).published


def test_a_bot_made_again_under_its_code_is_missing_and_comes_back(anna, world, ours):
    old = anna.bots()[0]
    remove_bot(world, anna)
    anna.portal.bots.append(Bot(anna.portal.take_id(), old.code, old.client_id, "New", api="v2"))

    anna.post("/drift/look")
    seen = [finding for finding in findings(ours) if finding[0] == "bot"]
    do(anna, "bot", old.id, "missing", "restoration")

    assert seen == [("bot", str(old.id), "missing")]
    assert [bot.id for bot in ours.store.bots.all()] == [bot.id for bot in anna.bots()]


def test_an_old_portals_bots_are_compared_and_proven_by_an_empty_update(anna, world, resources):
    without_the_newer_family(world)
    anna.install()
    anna.post("/bots", typed_bot())
    stranger = Bot(anna.portal.take_id(), "theirs", next(iter(world.foreign)), "Theirs")
    mine = Bot(anna.portal.take_id(), "mine", world.card.client_id, "Mine")
    anna.portal.bots += [stranger, mine]
    anna.bots()[0].name = "Renamed"
    here = opened(anna, resources)
    helper = anna.bots()[0].id

    anna.post("/drift/look")
    seen = findings(here)
    do(anna, "bot", helper, "different", "restoration")
    do(anna, "bot", mine.id, "unknown", "adoption")

    assert seen == [("bot", str(helper), "different"), ("bot", str(mine.id), "unknown")]
    assert anna.bots()[0].name == "Helper"
    assert here.store.bots.get(mine.id).api is BotApi.V1
    assert findings(here) == []


def test_more_bots_than_a_page_holds_are_all_seen(anna, ours):
    client_id = anna.world.card.client_id
    more = [Bot(anna.portal.take_id(), f"n{n}", client_id, f"N{n}", api="v2") for n in range(60)]
    anna.portal.bots += more

    anna.post("/drift/look")

    assert len([finding for finding in findings(ours) if finding[2] == "unknown"]) == 60


def test_what_may_not_be_listed_is_told_and_nothing_else_is_lost(anna, world, ours):
    world.faults.order("error", "placement.get", code="insufficient_scope", status=401)
    rename_bot(world, anna)

    reply = anna.post("/drift/look")

    assert "Widgets could not be compared. The portal does not allow this." in reply.text
    assert [finding[0] for finding in findings(ours)] == ["bot"]


def test_a_look_that_fails_keeps_what_was_seen_and_says_that_it_is_old(anna, world, ours):
    rename_bot(world, anna)
    anna.post("/drift/look")
    world.faults.order("error", "batch", code="ACCESS_DENIED", status=403)

    failed = anna.post("/drift/look")
    page = anna.get("/drift")

    assert failed.status_code == 502
    assert "1 difference." in page.text
    assert "came to nothing" in page.text
