"""A connection that breaks has a script sent again: what was done once, and is answered alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from b24app import keys
from b24app.records import SYSTEM, ChainState, Life, Outcome, Verb
from b24app.store import (
    bulk,
    chain_scripts,
    changes,
    departures,
    inbox_scripts,
    installation_scripts,
    shelf,
    sightings,
    spoken,
)
from b24app.store.bulk import Runs
from b24app.store.changes import History
from b24app.store.inbox import CLAIMS, MOST_CLAIMS_OF_ONE, Taken
from b24app.store.sightings import Sightings
from b24app.store.spoken import Spoken
from tests.integration.toll import Toll
from tests.store import battery
from tests.store.battery import AURORA, BOREALIS

MODULES = (
    bulk,
    chain_scripts,
    changes,
    departures,
    inbox_scripts,
    installation_scripts,
    shelf,
    sightings,
    spoken,
)
EVENT = b"event=ONAPPUPDATE"
TOKEN = battery.installation().application_token


@pytest.fixture
def toll(start, tmp_path):
    start("embedded").empty()
    with Toll(Path(start("embedded").url.removeprefix("unix://")), tmp_path / "road") as toll:
        yield toll


@pytest.fixture
def near(toll, tmp_path):
    """A process whose connection breaks when it is told to; Aurora has installed us."""
    with battery.hand(f"unix://{tmp_path / 'road'}") as hand:
        for module in MODULES:
            for text in vars(module).values():
                if isinstance(text, str) and "redis.call(" in text:
                    hand.client.script_load(text)
        hand.installations.save(battery.installation())
        yield hand


def cut(toll, word="EVALSHA"):
    toll.order(word, "cut")


def waiting(hand, name=AURORA):
    return [entry.body for entry in hand.inbox.first(name, 10)]


def test_an_event_is_kept_once_and_its_reader_is_called(toll, near):
    cut(toll)

    assert near.inbox.put(AURORA, TOKEN, EVENT) is Taken.CALL

    assert toll.arrived.is_set()
    assert waiting(near) == [EVENT]
    assert near.inbox.waiting() == [AURORA]


def test_an_event_whose_reader_is_on_its_way_is_no_duplicate(toll, near):
    near.inbox.put(AURORA, TOKEN, b"event=ONAPPPAYMENT")
    cut(toll)

    assert near.inbox.put(AURORA, TOKEN, EVENT) is Taken.KEPT

    assert waiting(near) == [b"event=ONAPPPAYMENT", EVENT]
    assert near.inbox.put(AURORA, TOKEN, EVENT) is Taken.KNOWN


def test_an_unproven_event_is_kept_once_and_its_reader_is_called(toll, near):
    cut(toll)

    assert near.inbox.put_claim(AURORA, EVENT) == (Taken.CALL, None)

    assert toll.arrived.is_set()
    assert waiting(near, CLAIMS) == [EVENT]


def test_an_unproven_event_puts_out_one_other_and_not_two(toll, near):
    for number in range(MOST_CLAIMS_OF_ONE):
        near.inbox.put_claim(AURORA, b"event=%d" % number)
    cut(toll)

    near.inbox.put_claim(AURORA, EVENT)

    assert waiting(near, CLAIMS) == [b"event=1", b"event=2", EVENT]


def test_a_reader_that_has_opened_an_inbox_is_its_reader(toll, near):
    near.inbox.put(AURORA, TOKEN, EVENT)
    cut(toll)

    assert near.inbox.open(AURORA, "0a")

    assert toll.arrived.is_set()
    assert not near.inbox.open(AURORA, "0b")


def test_an_event_that_was_begun_once_counts_as_begun_once(toll, near):
    near.inbox.put(AURORA, TOKEN, EVENT)
    near.inbox.open(AURORA, "0a")
    [entry] = near.inbox.first(AURORA, 1)
    cut(toll)

    assert near.inbox.begin(AURORA, "0a", entry) == 1
    assert near.inbox.begin(AURORA, "0a", entry) == 2  # this time it was meant


def test_an_event_that_is_done_is_counted_once(toll, near):
    near.inbox.put(AURORA, TOKEN, EVENT)
    near.inbox.put(AURORA, TOKEN, b"event=ONAPPPAYMENT")
    near.inbox.open(AURORA, "0a")
    cut(toll)

    near.inbox.done(AURORA, near.inbox.first(AURORA, 1)[0], "ONAPPUPDATE")

    assert toll.arrived.is_set()
    assert near.inbox.tally(AURORA)["ONAPPUPDATE"][0] == 1
    assert waiting(near) == [b"event=ONAPPPAYMENT"]


def test_a_reader_that_leaves_something_behind_has_the_next_one_called(toll, near):
    near.inbox.put(AURORA, TOKEN, EVENT)
    near.inbox.open(AURORA, "0a")
    cut(toll)

    assert near.inbox.close(AURORA, "0a")

    assert toll.arrived.is_set()


def test_an_inbox_nobody_reads_is_found_by_the_look_around(toll, near):
    near.inbox.put(AURORA, TOKEN, EVENT)
    near.client.delete(keys.inbox_reader(AURORA))
    cut(toll)

    assert near.inbox.call([AURORA]) == [AURORA]
    assert near.inbox.call([AURORA]) == []


@pytest.mark.parametrize("called", [True, False])
def test_a_dead_letter_is_put_back_once(toll, near, called):
    near.inbox.put(AURORA, TOKEN, EVENT)
    near.inbox.open(AURORA, "0a")
    near.inbox.bury(AURORA, near.inbox.first(AURORA, 1)[0], "OSError")
    if called:
        near.inbox.close(AURORA, "0a")
    [letter] = near.inbox.dead_letters(AURORA)
    cut(toll)

    assert near.inbox.revive(letter) is called

    assert toll.arrived.is_set()
    assert waiting(near) == [EVENT]
    assert near.inbox.waiting() == [AURORA]


def test_what_became_of_an_event_is_one_line(toll, near):
    cut(toll)

    Sightings(near.client, AURORA).note("ONAPPUPDATE", Outcome.DONE)

    assert toll.arrived.is_set()
    assert len(Sightings(near.client, AURORA).look().sightings) == 1


def test_an_uninstall_that_was_announced_is_written_down(toll, near):
    cut(toll)

    assert near.installations.departures.begin(AURORA, clean=True)
    assert not near.installations.departures.begin(AURORA, clean=True)


def test_a_step_of_an_installations_life_tells_where_it_came_from(toll, near):
    known = near.installations.departures
    assert known.move(AURORA, {Life.NEW}, Life.INSTALLED) is Life.NEW
    cut(toll)

    assert known.move(AURORA, {Life.NEW, Life.INSTALLED}, Life.SUSPENDED) is Life.INSTALLED

    assert toll.arrived.is_set()
    assert known.move(AURORA, {Life.NEW, Life.INSTALLED}, Life.SUSPENDED) is None


def test_an_uninstall_that_was_refuted_ends_and_says_so(toll, near):
    known = near.installations.departures
    known.begin(AURORA, clean=True)
    found = known.read(AURORA)
    cut(toll)

    ended = known.move(AURORA, {Life.UNINSTALLING}, Life.NEW, departure=found.id, refuted=True)

    assert ended is Life.UNINSTALLING
    assert known.read(AURORA) is None


def test_a_look_at_a_portal_that_leaves_counts_once(toll, near):
    known = near.installations.departures
    known.begin(AURORA, clean=True)
    found = known.read(AURORA)
    cut(toll)

    assert known.hear(AURORA, found, "installed").looks == 1
    assert known.hear(AURORA, found, "installed").looks == 2


def test_a_portal_that_is_due_for_a_look_is_looked_at(toll, near):
    near.installations.departures.look_at(AURORA, 100)
    cut(toll, "ZADD")

    assert near.installations.departures.take_due(10, 200, 300.5) == [AURORA]

    assert toll.arrived.is_set()


def test_a_removal_that_was_done_is_told_as_done_and_leaves_nothing(toll, near):
    near.installations.departures.begin(AURORA, clean=True)
    departure = near.installations.departures.read(AURORA)
    near.installations.save(battery.installation(BOREALIS))
    cut(toll)

    assert near.installations.remove(AURORA, departure.id)

    assert toll.arrived.is_set()
    assert not near.installations.remove(AURORA, departure.id)
    assert [key for key in near.client.scan_iter() if AURORA in key] == []
    assert near.installations.member_ids() == [BOREALIS]


def test_who_heals_a_portal_is_told_so(toll, near):
    near.installations.keep_chain(AURORA, battery.chain())
    ledger = near.installations.ledger
    ledger.mark(AURORA, ledger.read(AURORA).chains[0], ChainState.DEAD, "invalid_grant")
    cut(toll)

    assert near.installations.keep_chain(AURORA, battery.chain(word="second"))

    assert toll.arrived.is_set()
    assert not near.installations.keep_chain(AURORA, battery.chain(word="second"))


def test_a_chain_that_had_to_go_is_due_no_more(toll, near):
    for user_id in range(1, 6):
        near.installations.keep_chain(AURORA, battery.chain(user_id, str(user_id), user_id))
    cut(toll)

    near.installations.keep_chain(AURORA, battery.chain(6, "6", 6))

    assert toll.arrived.is_set()
    due = near.client.zrange(keys.due(), 0, -1)
    assert sorted(due) == [f"{AURORA} {user_id}" for user_id in range(2, 7)]


def test_a_bot_that_was_to_answer_answers(toll, near):
    cut(toll)

    assert Spoken(near.client, AURORA).begin("join:5:2", 60)
    assert not Spoken(near.client, AURORA).begin("join:5:2", 60)


def test_work_with_many_things_finds_its_worker(toll, near):
    runs = Runs(near.client, AURORA)
    runs.create(SYSTEM, "unregister", "command", [("1", "/help")])
    cut(toll)
    assert runs.call()
    cut(toll)

    with runs.working() as mine:
        assert mine
        assert not runs.call()


def test_a_save_that_was_done_is_no_conflict_and_one_line(toll, near):
    shelf = near.portal().chat_apps
    cut(toll)

    stored = shelf.save(battery.chat_app(), seen=0, actor=SYSTEM, verb=Verb.REGISTER, before=None)

    assert toll.arrived.is_set()
    assert shelf.all() == [stored]
    assert len(near.portal().history()) == 1


def test_a_registration_that_was_noted_was_not_begun_before(toll, near):
    cut(toll, "SADD")

    assert near.portal().begin_registration("board")

    assert toll.arrived.is_set()
    assert not near.portal().begin_registration("board")


def test_a_line_of_history_is_written_once(toll, near):
    thing = ("installation", AURORA)
    cut(toll)

    near.portal().note(SYSTEM, Verb.UPDATE, thing, {}, {"state": "installed"})

    assert toll.arrived.is_set()
    assert len(near.portal().history()) == 1
    near.portal().note(SYSTEM, Verb.UPDATE, thing, {}, {"state": "installed"})  # said anew
    assert len(near.portal().history()) == 2


def test_a_portal_that_retires_has_one_line_about_it(toll, near):
    near.installations.departures.begin(AURORA, clean=False)
    departure = near.installations.departures.read(AURORA)
    written = History(near.client, AURORA)
    line = written.arguments(SYSTEM, Verb.UNREGISTER, ("installation", AURORA), {}, {})
    cut(toll)

    assert near.installations.remove_secrets(AURORA, departure.id, line)

    assert toll.arrived.is_set()
    assert len(written.newest(9)) == 1
