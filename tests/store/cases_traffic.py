"""What goes to a portal and what comes from it: the budget of calls, answers of bots, events."""

from __future__ import annotations

import time

from b24app.records import Lane, Outcome, Rate
from b24app.store.inbox import Taken
from b24app.store.sightings import Sightings
from b24app.store.spoken import Spoken
from tests.store.battery import AURORA, BOREALIS, HOUR, Cases, Store, installation

case = Cases()


@case
def the_budget_is_shared_and_leaves_room_for_people(store: Store) -> None:
    rate = Rate(leak=0.001, size=50)
    budgets = [store.one.budget(rate), store.other.budget(rate)]
    bulk = [budgets[n % 2].take("profile", Lane.BULK, 600).granted for n in range(60)]
    people = [budgets[n % 2].take("profile", Lane.INTERACTIVE, 0).granted for n in range(20)]

    assert 40 <= sum(bulk) < sum(bulk) + sum(people) <= 50
    assert sum(people) > 0


@case
def a_narrowed_budget_waits_in_every_process(store: Store) -> None:
    rate = Rate(leak=2, size=50)
    store.one.budget(rate).narrow()

    permit = store.other.budget(rate).take("profile", Lane.INTERACTIVE, 0)

    assert not permit.granted and permit.wait > 0


@case
def a_blocked_method_is_blocked_in_every_process(store: Store) -> None:
    rate = Rate(leak=2, size=50)
    store.one.budget(rate).block("imbot.register", time.time() + HOUR)
    budget = store.other.budget(rate)

    assert budget.take("imbot.register", Lane.INTERACTIVE, 0).method_blocked
    assert budget.take("profile", Lane.INTERACTIVE, 0).granted


@case
def the_budget_tells_how_it_stands(store: Store) -> None:
    rate = Rate(leak=2, size=50)
    budget = store.one.budget(rate)
    for _ in range(10):
        budget.take("profile", Lane.INTERACTIVE, 0)
    budget.block("imbot.register", time.time() + HOUR)

    facts = store.other.budget(rate).look()

    assert 0.1 < facts.level <= 0.2
    assert facts.width == 1
    assert [block.method for block in facts.blocked] == ["imbot.register"]


@case
def the_last_events_of_a_portal_are_remembered(store: Store) -> None:
    store.one.installations.save(installation())
    Sightings(store.one.client, AURORA).note("ONAPPUPDATE", Outcome.REFUSED)

    [seen] = Sightings(store.other.client, AURORA).look().sightings

    assert (seen.name, seen.outcome) == ("ONAPPUPDATE", Outcome.REFUSED)


@case
def counters_add_up_over_all_processes(store: Store) -> None:
    store.one.counters.add("renewals", "ok")
    store.other.counters.add("renewals", "ok")
    store.other.counters.add_all({"portal_calls ok": 2, "portal_call_seconds profile": 0.25})

    assert store.one.counters.all() == {
        ("renewals", "ok"): 2,
        ("portal_calls", "ok"): 2,
        ("portal_call_seconds", "profile"): 0.25,
    }


@case
def an_answer_is_begun_by_one(store: Store) -> None:
    store.one.installations.save(installation())
    assert Spoken(store.one.client, AURORA).begin("join:5:2", 60)
    assert not Spoken(store.other.client, AURORA).begin("join:5:2", 60)

    Spoken(store.one.client, AURORA).take_back("join:5:2")

    assert Spoken(store.other.client, AURORA).begin("join:5:2", 60)


@case
def a_proven_event_is_kept_once_and_leaves_when_it_is_done(store: Store) -> None:
    store.one.installations.save(installation())
    token = installation().application_token

    assert store.one.inbox.put(AURORA, token, b"event=ONAPPUPDATE") is Taken.CALL
    assert store.other.inbox.put(AURORA, token, b"event=ONAPPUPDATE") is Taken.KNOWN
    assert store.other.inbox.put(AURORA, token, b"event=ONAPPPAYMENT") is Taken.KEPT
    assert store.other.inbox.open(AURORA, "reader")
    assert not store.one.inbox.open(AURORA, "another")
    first, second = store.other.inbox.first(AURORA, 10)
    assert store.other.inbox.begin(AURORA, "reader", first) == 1
    assert store.other.inbox.done(AURORA, first, "ONAPPUPDATE")

    assert first.body == b"event=ONAPPUPDATE"
    assert store.one.inbox.first(AURORA, 10) == [second]
    assert store.one.inbox.tally(AURORA)["ONAPPUPDATE"][0] == 1
    assert store.one.inbox.waiting() == [AURORA]


@case
def an_event_without_the_application_token_is_not_kept(store: Store) -> None:
    store.one.installations.save(installation())

    store.one.inbox.put(AURORA, "another token", b"event=ONAPPUPDATE")
    store.one.inbox.put(BOREALIS, "", b"event=ONAPPUPDATE")

    assert store.other.inbox.first(AURORA, 1) == store.other.inbox.first(BOREALIS, 1) == []


@case
def an_event_that_failed_for_the_last_time_can_be_revived(store: Store) -> None:
    store.one.inbox.put_claim(AURORA, b"event=ONAPPINSTALL")
    store.one.inbox.open("claims", "reader")
    entry = store.one.inbox.first("claims", 1)[0]
    store.one.inbox.begin("claims", "reader", entry)

    store.one.inbox.bury("claims", entry, "PortalError")
    store.one.inbox.close("claims", "reader")
    letter = store.other.inbox.dead_letters("claims")[0]

    assert letter.reason == "PortalError"
    assert store.other.inbox.first("claims", 1) == []
    assert store.other.inbox.revive(letter)
    assert store.one.inbox.first("claims", 1)[0].body == b"event=ONAPPINSTALL"
