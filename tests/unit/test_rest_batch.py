"""Many commands in one request: fifty at a time, and each fails for itself."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import pytest

from b24app.errors import (
    AlreadyGone,
    AuthorizationLost,
    MethodBlocked,
    PortalTrouble,
    PortalUnreachable,
    may_have_acted,
)
from b24app.records import Lane, Permit
from tests.unit.rest_client import EXPIRED, FINE, LOST, Ledger, Purse, Reply, Wire, batch, client

pytestmark = pytest.mark.usefixtures("quick")


def test_any_number_of_commands_goes_fifty_to_a_request():
    def chunk(first: int, count: int) -> Reply:
        return batch({f"c{number}": number for number in range(first, first + count)})

    wire = Wire(chunk(0, 50), chunk(50, 50), chunk(100, 20))
    commands = {f"c{number}": f"profile?{urlencode({'n': number})}" for number in range(120)}

    answer = client(wire).batch_all(commands)

    assert [len(body["cmd"]) for _, body in wire.requests] == [50, 50, 20]
    assert answer.results == {f"c{number}": number for number in range(120)}


def test_what_an_earlier_request_answered_is_filled_into_a_later_one():
    first = batch({f"c{number}": {"id": number} for number in range(50)})
    wire = Wire(first, batch({"late": True}))
    commands = {f"c{number}": "imbot.register" for number in range(50)}

    client(wire).batch_all(commands | {"late": "imbot.update?BOT_ID=$result[c7][id]"})

    assert wire.requests[1][1]["cmd"] == {"late": "imbot.update?BOT_ID=7"}


def test_items_fail_for_themselves():
    errors = {"b": {"error": "CHAT_APP_ID_ERROR", "error_description": "App not found"}}
    wire = Wire((200, {"result": {"result": {"a": True}, "result_error": errors}}))

    answer = client(wire).batch_all({"a": "x", "b": "imbot.app.unregister?APP_ID=1"})

    assert answer.results == {"a": True}
    assert isinstance(answer.errors["b"], AlreadyGone)


LATE = {"error": "expired_token", "error_description": "x"}


def test_items_after_the_end_of_the_token_are_sent_once_more_with_a_new_one():
    wire = Wire(
        batch({"a": {"id": 7}}, {"b": LATE, "c": LATE}),
        batch({"b": 2, "c": 3}),
    )
    purse = Purse()
    commands = {"a": "x.add", "b": "x.get?ID=$result[a][id]", "c": "x.get?ID=$result[b]"}

    answer = client(wire, token=purse).batch_all(commands)

    assert (answer.results, answer.errors) == ({"a": {"id": 7}, "b": 2, "c": 3}, {})
    assert purse.renewals == 1
    assert [body["auth"] for _, body in wire.requests] == ["token-0", "token-1"]
    assert wire.requests[1][1]["cmd"] == {"b": "x.get?ID=7", "c": "x.get?ID=$result[b]"}


def test_items_that_come_late_again_are_lost_and_never_looped():
    wire, purse = Wire(batch({"a": 1}, {"b": LATE})), Purse()

    answer = client(wire, token=purse).batch_all({"a": "x", "b": "x"})

    assert answer.results == {"a": 1}
    assert isinstance(answer.errors["b"], AuthorizationLost)
    assert (purse.renewals, len(wire.requests)) == (1, 2)


def test_a_batch_that_was_renewed_as_a_whole_is_not_renewed_for_its_items():
    wire, purse = Wire(EXPIRED, batch({"a": 1}, {"b": LATE})), Purse()

    answer = client(wire, token=purse).batch_all({"a": "x", "b": "x"})

    assert isinstance(answer.errors["b"], AuthorizationLost)
    assert (purse.renewals, len(wire.requests)) == (1, 2)


def test_what_a_batch_did_before_the_end_of_the_token_is_not_forgotten_over_a_failure_after_it():
    wire = Wire(batch({"a": 1}, {"b": LATE}), LOST)

    answer = client(wire).batch_all({"a": "x", "b": "x"})

    assert answer.results == {"a": 1}
    assert isinstance(answer.errors["b"], PortalUnreachable)


def test_a_batch_that_halts_at_the_end_of_the_token_goes_on_from_there():
    wire = Wire(batch({"a": 1}, {"b": LATE}), batch({"b": 2, "c": 3}), batch({"last": 4}))
    commands = {"a": "x", "b": "x", "c": "x"}

    answer = client(wire).batch_all(commands, halt=True)

    assert answer.results == {"a": 1, "b": 2, "c": 3}
    assert wire.requests[1][1] == {"halt": 1, "cmd": {"b": "x", "c": "x"}, "auth": "token-1"}


def test_after_a_halt_one_item_fails_when_the_rest_cannot_be_sent_once_more():
    wire = Wire(batch({"a": 1}, {"b": LATE}), LOST)

    answer = client(wire).batch_all({"a": "x", "b": "x", "c": "x"}, halt=True)

    assert (list(answer.results), list(answer.errors)) == (["a"], ["b"])
    assert isinstance(answer.errors["b"], PortalUnreachable)


def test_an_item_without_an_answer_has_failed_also_where_another_did():
    gone = {"error": "CHAT_APP_ID_ERROR", "error_description": "x"}
    wire = Wire(batch({"a": 1}, {"b": gone}))

    answer = client(wire).batch_all({"a": "x", "b": "x", "c": "imbot.register"})

    assert list(answer.errors) == ["b", "c"]
    assert isinstance(answer.errors["c"], PortalUnreachable)
    assert (answer.errors["c"].method, answer.errors["c"].sent) == ("imbot.register", True)


def test_with_a_halt_only_what_stands_before_the_error_must_have_an_answer():
    gone = {"error": "CHAT_APP_ID_ERROR", "error_description": "x"}
    wire = Wire(batch({"a": 1}, {"b": gone}))

    answer = client(wire).batch_all({"a": "x", "b": "x", "c": "x"}, halt=True)
    assert (list(answer.results), list(answer.errors)) == (["a"], ["b"])

    answer = client(Wire(batch({"b": 1}))).batch_all({"a": "x", "b": "x"}, halt=True)
    assert (list(answer.results), list(answer.errors)) == (["b"], ["a"])


def test_a_batch_of_which_no_item_has_an_answer_is_no_answer():
    with pytest.raises(PortalUnreachable) as told:
        client(Wire(batch({}))).batch_all({"a": "x", "b": "x"})

    assert told.value.sent


SHUT = Permit(granted=False, wait=300, method_blocked=True)


def test_a_batch_asks_for_all_its_methods_and_is_not_sent_while_one_is_blocked():
    ledger, wire = Ledger(SHUT), Wire(FINE)
    commands = {f"c{n}": "profile" for n in range(60)} | {"last": "imbot.register?CODE=x"}

    with pytest.raises(MethodBlocked) as blocked:
        client(wire, budget=ledger).batch_all(commands)

    assert ledger.asked == [("batch", ["imbot.register", "profile"])]
    assert wire.requests == []
    assert blocked.value.reset_at == pytest.approx(time.time() + 300, abs=5)


def test_a_batch_of_bulk_work_waits_for_its_methods(quick):
    ledger = Ledger(SHUT)

    client(Wire(batch({"a": 1})), budget=ledger, lane=Lane.BULK).batch_all({"a": "x"})

    assert quick == [300]


def test_what_was_done_is_not_forgotten_when_a_method_is_blocked_on_the_way():
    ledger = Ledger(Permit(granted=True, wait=0), SHUT)
    wire = Wire(batch({f"c{n}": n for n in range(50)}))

    answer = client(wire, budget=ledger).batch_all({f"c{n}": "x" for n in range(120)})

    assert (len(answer.results), len(answer.errors), len(wire.requests)) == (50, 70, 1)
    assert {type(error) for error in answer.errors.values()} == {MethodBlocked}


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        (LOST, PortalUnreachable),
        ((500, {"error": "INTERNAL_SERVER_ERROR"}), PortalTrouble),
        ((401, {"error": "PAYMENT_REQUIRED"}), AuthorizationLost),
        (batch({}), PortalUnreachable),
    ],
)
def test_what_was_done_is_not_forgotten_when_a_later_request_fails(second, kind):
    wire = Wire(batch({f"c{n}": n for n in range(50)}), second)

    answer = client(wire).batch_all({f"c{n}": "imbot.register" for n in range(120)})

    assert answer.results == {f"c{n}": n for n in range(50)}
    assert {type(answer.errors[f"c{n}"]) for n in range(50, 100)} == {kind}
    assert len(wire.requests) == 2
    last = [answer.errors[f"c{n}"] for n in range(100, 120)]
    assert not any(may_have_acted(error) for error in last), "these were never sent"


def test_a_first_request_that_fails_is_raised():
    with pytest.raises(PortalUnreachable):
        client(Wire(LOST)).batch_all({f"c{n}": "imbot.register" for n in range(120)})


def test_after_a_halt_one_item_fails_when_a_later_request_does():
    wire = Wire(batch({f"c{n}": n for n in range(50)}), LOST)

    answer = client(wire).batch_all({f"c{n}": "x" for n in range(120)}, halt=True)

    assert (len(answer.results), list(answer.errors)) == (50, ["c50"])
    assert may_have_acted(answer.errors["c50"])


def test_a_blocked_item_keeps_everybody_off_its_method():
    ledger, blocked = Ledger(), {"error": "OPERATION_TIME_LIMIT", "error_description": "x"}
    wire = Wire(batch({"a": 1}, {"b": blocked, "c": blocked}))

    answer = client(wire, budget=ledger).batch_all({"a": "x", "b": "y?n=1", "c": "y?n=2"})

    assert ledger.refusals == ["y"]
    assert [answer.errors[label].reset_at for label in "bc"] == [2_000_000_000] * 2


def test_operating_time_is_noted_also_where_items_failed():
    reset = time.time() + 200
    body = {
        "result": {"a": 1},
        "result_error": {"b": {"error": "X"}},
        "result_time": {"a": {"operating": 350, "operating_reset_at": reset}},
    }
    ledger = Ledger()

    client(Wire((200, {"result": body})), budget=ledger).batch_all({"a": "x?n=1", "b": "y"})

    assert ledger.resets == {"x": reset}
    assert ledger.blocks == [("x", reset, True)]


def test_an_error_inside_an_items_result_is_an_error():
    nested = {"result": False, "error": "NO_APPLICATION_ID", "error_description": "x"}
    wire = Wire(batch({"a": nested}))

    assert "a" in client(wire).batch_all({"a": "imconnector.unregister"}).errors


def test_halt_stops_the_later_requests_too():
    wire = Wire((200, {"result": {"result": [], "result_error": {"c0": {"error": "X"}}}}))

    answer = client(wire).batch_all({f"c{n}": "profile" for n in range(120)}, halt=True)

    assert len(wire.requests) == 1
    assert list(answer.errors) == ["c0"]
