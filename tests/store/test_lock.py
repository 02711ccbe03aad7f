"""The lock of an edit, when the way to the store breaks under it."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from b24app import keys
from b24app.errors import Busy, StoreUnavailable
from b24app.records import Lane, Patience
from b24app.store import PortalStore
from tests.integration.toll import Toll
from tests.store import battery
from tests.store.programs import until


@pytest.fixture
def toll(start, tmp_path):
    start("embedded").empty()
    with Toll(Path(start("embedded").url.removeprefix("unix://")), tmp_path / "road") as toll:
        yield toll


@pytest.fixture
def cut_off(toll, tmp_path):
    """A process whose way to the store may be closed."""
    with battery.hand(f"unix://{tmp_path / 'road'}") as hand:
        yield hand


@pytest.fixture
def another(start):
    with battery.hand(start("embedded").url) as hand:
        yield hand


def free(hand):
    try:
        with hand.portal(patience=0.1).editing():
            return True
    except Busy:
        return False


EDITOR = """
import sys
from tests.store import battery
with battery.hand(sys.argv[1]) as hand, hand.portal().editing():
    print("editing", flush=True)
    sys.stdin.read()
"""


def test_an_editor_that_was_killed_is_not_waited_for(start, another):
    editor = subprocess.Popen(
        [sys.executable, "-c", EDITOR, start("embedded").url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert editor.stdout.readline() == b"editing\n"
        name = keys.edit_lock(battery.AURORA)
        first = another.client.pttl(name)
        until(lambda: another.client.pttl(name) < first - 1000, "time goes by")
        until(lambda: another.client.pttl(name) > first - 500, "it lives, so the lock is prolonged")
        assert not free(another)
    finally:
        editor.send_signal(signal.SIGKILL)
        editor.communicate()

    with another.portal().editing():
        assert another.client.exists(name)


def test_what_was_done_under_a_lock_stands_and_others_are_let_in_later(toll, cut_off, another):
    with cut_off.portal().editing():
        toll.close_road()
    assert not free(another)

    toll.open_road()

    until(lambda: free(another), "the lock was not let go")


def test_a_lock_whose_answer_is_lost_is_taken_all_the_same(toll, cut_off, another):
    toll.order("edit-lock", "cut")

    with cut_off.portal(patience=0.1).editing():
        assert toll.arrived.is_set()
        assert not free(another)

    assert free(another)


def test_without_a_store_there_is_no_lock(toll, cut_off, another):
    toll.close_road()

    with pytest.raises(StoreUnavailable), cut_off.portal().editing():
        raise AssertionError("nobody has let us in")

    toll.open_road()
    until(lambda: free(another), "nobody has it")


def bulk_work(hand, patience=8.0):
    return PortalStore(hand.client, battery.AURORA, Patience(patience), lane=Lane.BULK)


def test_bulk_work_leaves_the_lock_to_whoever_waits(another):
    came = []

    def person():
        with another.portal().editing():
            came.append("person")

    with ThreadPoolExecutor(1) as pool:
        with bulk_work(another).editing():
            waiting = pool.submit(person)
            until(lambda: another.client.exists(keys.edit_waiting(battery.AURORA)), "they wait")
        with bulk_work(another).editing():
            came.append("bulk")
        waiting.result()

    assert came == ["person", "bulk"]


def test_nobody_waits_for_bulk_work_that_waits(another):
    with another.portal().editing(), pytest.raises(Busy), bulk_work(another, 0.1).editing():
        raise AssertionError("a person has it")

    assert not another.client.exists(keys.edit_waiting(battery.AURORA))


def test_a_person_who_gave_up_is_not_waited_for_long(another):
    with bulk_work(another).editing():
        assert not free(another)
        assert another.client.exists(keys.edit_waiting(battery.AURORA))

    with bulk_work(another).editing():
        assert not free(another)
