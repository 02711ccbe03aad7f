"""What the client may ask of a portal and how long it waits: budget, patience, blocked methods."""

from __future__ import annotations

import time

import pytest

from b24app.errors import (
    ApplicationBlocked,
    MethodBlocked,
    PortalUnreachable,
    RateLimited,
    StoreUnavailable,
)
from b24app.records import Lane, Patience, Permit
from tests.unit.rest_client import FINE, LIMIT, LOST, Ledger, Wire, batch, client, fails

pytestmark = pytest.mark.usefixtures("quick")


def test_a_refusal_for_too_many_requests_narrows_the_budget_and_is_tried_again():
    ledger = Ledger()

    assert client(Wire(LIMIT, FINE), budget=ledger).call("imbot.register") is True
    assert ledger.narrowed == 1


def test_a_person_never_waits_longer_than_eight_seconds(quick):
    with pytest.raises(RateLimited):
        client(Wire(LIMIT)).call("profile", repeatable=True)
    assert sum(quick) <= 8

    ledger = Ledger(Permit(granted=False, wait=8.5))
    with pytest.raises(RateLimited):
        client(Wire(FINE), budget=ledger).call("profile")


def test_bulk_work_waits_as_long_as_it_takes(quick):
    ledger = Ledger(Permit(False, 20), Permit(False, 20), Permit(True, 0))

    assert client(Wire(FINE), budget=ledger, lane=Lane.BULK).call("profile") is True
    assert quick == [20, 20]


def test_a_blocked_method_is_reported_with_its_time_and_not_called_again():
    ledger, wire = Ledger(), Wire((429, {"error": "OPERATION_TIME_LIMIT"}))

    with pytest.raises(MethodBlocked) as blocked:
        client(wire, budget=ledger).call("profile", repeatable=True)
    assert len(wire.requests) == 1
    assert ledger.refusals == ["profile"]
    assert blocked.value.reset_at == 2_000_000_000

    silent = Wire(FINE)
    shut = Ledger(Permit(granted=False, wait=300, method_blocked=True))
    with pytest.raises(MethodBlocked):
        client(silent, budget=shut).call("profile")
    assert silent.requests == []


def test_bulk_work_stops_before_the_operating_time_is_used_up():
    reset = time.time() + 300
    busy = {"result": True, "time": {"operating": 400, "operating_reset_at": reset}}
    ledger = Ledger()

    client(Wire((200, busy)), budget=ledger).call("profile")

    assert ledger.blocks == [("profile", reset, True)]
    assert ledger.resets == {"profile": reset}


def test_a_try_that_took_all_patience_is_the_last(monkeypatch):
    """A portal that hangs for thirty seconds is not asked four times while a person waits."""
    clock = iter(range(0, 10_000, 30))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    wire = Wire(LOST, FINE)

    with pytest.raises(PortalUnreachable):
        client(wire).call("profile", repeatable=True)
    assert len(wire.requests) == 1


def test_all_calls_of_a_person_wait_out_of_one_purse(quick):
    patience = Patience(8)
    ledger = Ledger(Permit(True, 5), Permit(True, 0), Permit(False, 4))
    rest = client(Wire(FINE), budget=ledger, patience=patience)

    rest.call("first")
    rest.call("second")
    with pytest.raises(RateLimited):
        rest.call("third")
    assert quick == [5]
    assert patience.left == pytest.approx(3, abs=0.1)


def test_past_the_patience_a_call_that_need_not_wait_still_goes_through_once():
    wire = Wire(FINE, LIMIT)
    rest = client(wire, patience=Patience(0))

    assert rest.call("profile") is True
    with pytest.raises(RateLimited):
        rest.call("profile", repeatable=True)
    assert len(wire.requests) == 2


def test_each_bulk_call_has_its_own_patience(quick):
    ledger = Ledger(Permit(False, 400), Permit(True, 0), Permit(False, 400), Permit(True, 0))
    rest = client(Wire(FINE), budget=ledger, lane=Lane.BULK)

    rest.call("profile")
    rest.call("profile")
    assert quick == [400, 400]


def test_a_try_after_a_lost_answer_gets_no_more_time_than_is_left():
    wire, patience = Wire(LOST, FINE), Patience(5)

    client(wire, patience=patience).call("profile", repeatable=True)

    first, second = wire.timeouts
    assert (first.connect_timeout, first.read_timeout) == (3, 30)
    assert second.total == pytest.approx(patience.left, abs=0.1)
    assert 4.5 < second.total < 5


def test_no_try_is_too_short_for_an_answer():
    wire = Wire(LOST, FINE)

    client(wire, patience=Patience(0.4)).call("profile", repeatable=True)

    assert wire.timeouts[1].total == 1


class Mute(Ledger):
    """A budget that grants, in a store that has gone when something is to be noted."""

    narrow = block = refused = note = fails(StoreUnavailable("x"))


def test_a_note_that_cannot_be_made_never_costs_an_answer():
    busy = {"operating": 400, "operating_reset_at": time.time() + 300}
    item = {"result": {"a": 1}, "result_time": {"a": busy}}

    assert client(Wire((200, {"result": 5, "time": busy})), budget=Mute()).call("x") == 5
    assert client(Wire((200, {"result": item})), budget=Mute()).batch({"a": "x"}) == {"a": 1}
    assert client(Wire(LIMIT, FINE), budget=Mute()).call("imbot.register") is True


def test_a_block_that_cannot_be_noted_is_told_all_the_same():
    blocked = {"error": "OPERATION_TIME_LIMIT", "error_description": "x"}
    with pytest.raises(MethodBlocked) as told:
        client(Wire((429, blocked)), budget=Mute()).call("x")
    assert told.value.reset_at == pytest.approx(time.time() + 60, abs=5)

    answer = client(Wire(batch({"a": 1}, {"b": blocked})), budget=Mute()).batch_all(
        {"a": "x", "b": "y"}
    )
    assert answer.results == {"a": 1}
    assert answer.errors["b"].reset_at == pytest.approx(time.time() + 60, abs=5)


def test_what_the_budget_refuses_is_measured_too():
    calls = []

    with pytest.raises(RateLimited):
        client(Wire(FINE), budget=Ledger(Permit(granted=False, wait=9)), observe=calls.append).call(
            "profile"
        )
    assert calls[0].outcome == "RateLimited"


@pytest.mark.parametrize("status", [401, 503])
def test_a_block_by_hand_is_no_rate_and_not_waited_for(status):
    ledger, wire = Ledger(), Wire((status, {"error": "OVERLOAD_LIMIT"}))

    with pytest.raises(ApplicationBlocked):
        client(wire, budget=ledger).call("profile", repeatable=True)
    assert (ledger.narrowed, len(wire.requests)) == (0, 1)
