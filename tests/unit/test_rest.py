"""The client's own rules, with a portal that is a function at the other end of the wire."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import NewConnectionError, ProtocolError

from b24app.bitrix.answers import error_code
from b24app.bitrix.batch import BatchResult
from b24app.bitrix.rest import Client
from b24app.errors import (
    AccessDenied,
    AlreadyGone,
    ApplicationBlocked,
    AuthorizationLost,
    AuthServerUnreachable,
    B24AppError,
    Busy,
    MethodBlocked,
    PortalTrouble,
    PortalUnreachable,
    RateLimited,
    StoreUnavailable,
    may_have_acted,
)
from b24app.records import Lane, Patience, Permit

Reply = tuple[int, Any] | Exception


class Reading:
    """An answer as urllib3 hands it over."""

    def __init__(self, status: int, body: Any, location: str = "") -> None:
        self.status = status
        self.headers = {"Location": location}
        self.length_remaining = None
        self._body = body if isinstance(body, bytes) else json.dumps(body).encode()

    def read1(self, _: int) -> bytes:
        body, self._body = self._body, b""
        return body

    def release_conn(self) -> None:
        pass

    drain_conn = close = release_conn


class Wire:
    """The other end: gives these replies in turn, the last one for ever."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.timeouts: list[urllib3.Timeout] = []

    def urlopen(
        self, method: str, url: str, *, body: bytes, timeout: urllib3.Timeout, **_: Any
    ) -> Reading:
        self.requests.append((url, json.loads(body)))
        self.timeouts.append(timeout)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        status, answer = reply
        return Reading(status, answer, "https://elsewhere.example/" if status == 302 else "")


class Ledger:
    """A budget that writes down what it is told."""

    def __init__(self, *permits: Permit) -> None:
        self.permits = list(permits)
        self.narrowed = 0
        self.blocks: list[tuple[str, float, bool]] = []
        self.refusals: list[str] = []
        self.resets: dict[str, float] = {}
        self.asked: list[tuple[str, list[str]]] = []

    def take(self, method: str, lane: Lane, patience: float, items: Collection[str] = ()) -> Permit:
        self.asked.append((method, list(items)))
        return self.permits.pop(0) if self.permits else Permit(granted=True, wait=0)

    def narrow(self) -> None:
        self.narrowed += 1

    def block(self, method: str, until: float, *, bulk_only: bool = False) -> None:
        self.blocks.append((method, until, bulk_only))

    def refused(self, method: str) -> float:
        self.refusals.append(method)
        return 2_000_000_000

    def note(self, resets: Mapping[str, float]) -> None:
        self.resets.update(resets)


class Purse:
    """A token source that counts renewals."""

    def __init__(self) -> None:
        self.renewals = 0

    def __call__(self, stale: str | None = None) -> str:
        self.renewals += stale is not None
        return f"token-{self.renewals}"


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> list[float]:
    """Pauses are written down instead of waited for."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


def client(wire: Wire, **options: Any) -> Client:
    options.setdefault("token", Purse())
    return Client(wire, "https://portal.example/rest/", member_id="m", **options)


REFUSED = NewConnectionError(None, "refused")
LOST = ProtocolError("connection reset")
EXPIRED = (401, {"error": "expired_token"})
FINE = (200, {"result": True})
LIMIT = (503, {"error": "QUERY_LIMIT_EXCEEDED"})


def test_an_expired_token_is_renewed_once_and_the_call_repeated_once():
    wire, purse = Wire(EXPIRED, FINE), Purse()

    assert client(wire, token=purse).call("profile") is True
    assert purse.renewals == 1
    assert [body["auth"] for _, body in wire.requests] == ["token-0", "token-1"]


def test_a_second_refusal_is_raised_and_never_looped():
    wire, purse = Wire(EXPIRED), Purse()

    with pytest.raises(AuthorizationLost):
        client(wire, token=purse).call("profile")
    assert purse.renewals == 1
    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "authorization_error"),
        (401, "APPLICATION_NOT_FOUND"),
        (401, "PAYMENT_REQUIRED"),
        (500, "PORTAL_DELETED"),
        (403, "PORTAL_DELETED"),
        (410, "PORTAL_DELETED"),
        (200, "ERROR_OAUTH"),
    ],
)
def test_a_token_refused_for_good_is_told_and_not_shown_again(status, code):
    told, wire, purse = [], Wire((status, {"error": code})), Purse()

    def lost(access: str, reason: str) -> bool:
        told.append((access, reason))
        return False

    with pytest.raises(AuthorizationLost) as found:
        client(wire, token=purse, lost=lost).call("profile", repeatable=True)
    assert found.value.reason == code.lower()
    assert told == [("token-0", code.lower())]
    assert (purse.renewals, len(wire.requests)) == (0, 1)


def test_a_token_the_portal_does_not_know_is_renewed_once_before_it_counts_as_lost():
    told, wire, purse = [], Wire((401, {"error": "invalid_token"})), Purse()

    def lost(access: str, reason: str) -> bool:
        told.append((access, reason))
        return False

    with pytest.raises(AuthorizationLost) as found:
        client(wire, token=purse, lost=lost).call("profile")
    assert found.value.reason == "invalid_token"
    assert told == [("token-1", "invalid_token")]
    assert (purse.renewals, len(wire.requests)) == (1, 2)


def test_after_a_renewal_another_chains_token_may_still_take_over():
    refused = (401, {"error": "authorization_error"})
    wire, purse = Wire((401, {"error": "expired_token"}), refused, FINE), Purse()

    assert client(wire, token=purse, lost=lambda *_: True).call("profile") is True
    assert purse.renewals == 2


@pytest.mark.parametrize("code", ["invalid_token", "authorization_error", "user_access_error"])
def test_tokens_refused_for_good_end_however_many_chains_live(code):
    wire, purse = Wire((401, {"error": code})), Purse()

    with pytest.raises((AuthorizationLost, AccessDenied)):
        client(wire, token=purse, lost=lambda access, reason: True).call("profile")
    assert purse.renewals <= 2
    assert len(wire.requests) == purse.renewals + 1


def test_what_was_never_sent_is_tried_again_always():
    wire = Wire(REFUSED, REFUSED, FINE)

    assert client(wire).call("imbot.register") is True


@pytest.mark.parametrize(
    "reply", [LOST, (502, b"<html>"), (500, {"error": "INTERNAL_SERVER_ERROR"})]
)
def test_what_may_have_happened_is_tried_again_only_when_it_is_repeatable(reply):
    assert client(Wire(reply, FINE)).call("profile", repeatable=True) is True

    with pytest.raises((PortalUnreachable, PortalTrouble)):
        client(Wire(reply, FINE)).call("event.bind")


def test_tries_end():
    wire = Wire(LOST)

    with pytest.raises(PortalUnreachable):
        client(wire).call("profile", repeatable=True)
    assert len(wire.requests) == 4


def test_pauses_grow(quick):
    with pytest.raises(PortalUnreachable):
        client(Wire(LOST)).call("profile", repeatable=True)

    assert len(quick) == 3
    assert 0.1 <= quick[0] <= 0.3 and 0.4 <= quick[2] <= 1.2


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


def test_a_moved_portal_is_followed_where_the_proof_says_and_once():
    wire = Wire((302, b""), FINE)

    assert client(wire, moved=lambda: "https://new.example/rest/").call("profile") is True
    assert [url for url, _ in wire.requests] == [
        "https://portal.example/rest/profile.json",
        "https://new.example/rest/profile.json",
    ]


@pytest.mark.parametrize("proof", ["", "https://portal.example/rest/"])
def test_a_redirect_without_a_proof_is_no_answer(proof):
    wire = Wire((302, b""))

    with pytest.raises(PortalUnreachable):
        client(wire, moved=lambda: proof).call("profile")
    assert len(wire.requests) == 1


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


@pytest.mark.parametrize("refusal", [LIMIT, REFUSED, (429, {"error": "OPERATION_TIME_LIMIT"})])
def test_a_lost_answer_is_not_forgotten_over_a_refusal_after_it(refusal):
    """The portal may have acted at the first try: to say that it was only busy would be wrong."""
    calls = []

    with pytest.raises(PortalUnreachable) as told:
        client(Wire(LOST, refusal), observe=calls.append).call("imbot.register", repeatable=True)
    assert told.value.sent
    assert calls[0].outcome == "PortalUnreachable"


class Bare:
    """A token source with one token, and an error for whoever asks for another."""

    def __init__(self, error: B24AppError) -> None:
        self.error = error

    def __call__(self, stale: str | None = None) -> str:
        if stale:
            raise self.error
        return "token"


def fails(error: B24AppError) -> Callable[..., Any]:
    def failing(*args: Any, **options: Any) -> Any:
        raise error

    return failing


@pytest.mark.parametrize(
    "error",
    [Busy("x"), AuthServerUnreachable("x"), StoreUnavailable("x"), AuthorizationLost("m", "spent")],
    ids=lambda error: type(error).__name__,
)
def test_a_lost_answer_is_not_forgotten_over_what_came_before_another_try(error):
    """Nothing but the portal's answer to this very call is better news than the doubt."""
    with pytest.raises(PortalUnreachable) as told:
        client(Wire(LOST, EXPIRED), token=Bare(error)).call("imbot.register", repeatable=True)
    assert told.value.sent

    with pytest.raises(PortalUnreachable) as told:
        client(Wire(LOST, (302, b"")), moved=fails(error)).call("imbot.register", repeatable=True)
    assert told.value.sent


class Once(Ledger):
    """A budget whose store goes after the first request."""

    def take(self, *args: Any) -> Permit:
        if self.asked:
            raise StoreUnavailable("x")
        return super().take(*args)


def test_a_lost_answer_is_not_forgotten_over_a_store_that_goes_before_another_try():
    with pytest.raises(PortalUnreachable) as told:
        client(Wire(LOST), budget=Once()).call("imbot.register", repeatable=True)
    assert told.value.sent


NO = (403, {"error": "ACCESS_DENIED", "error_description": "Access denied!"})


@pytest.mark.parametrize("first", [LOST, (500, {"error": "INTERNAL_SERVER_ERROR"}), (502, b"")])
def test_the_portals_no_after_a_lost_answer_carries_the_doubt(first):
    with pytest.raises(AccessDenied) as told:
        client(Wire(first, NO)).call("imbot.register", repeatable=True)
    assert may_have_acted(told.value)

    with pytest.raises(AuthorizationLost) as gone:
        client(Wire(first, (401, {"error": "PAYMENT_REQUIRED"}))).call("x", repeatable=True)
    assert may_have_acted(gone.value)


@pytest.mark.parametrize("first", [REFUSED, LIMIT, EXPIRED])
def test_the_portals_no_is_no_doubt_where_no_try_may_have_arrived(first):
    with pytest.raises(AccessDenied) as told:
        client(Wire(first, NO)).call("imbot.register", repeatable=True)

    assert not may_have_acted(told.value)


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


def test_every_call_is_measured():
    calls = []

    client(Wire(LOST, FINE), observe=calls.append).call("profile", repeatable=True)

    [call] = calls
    assert (call.method, call.member_id, call.outcome) == ("profile", "m", "ok")
    assert call.attempts == 2
    assert call.waited > 0


def test_pages_follow_next_to_the_end():
    wire = Wire((200, {"result": [1, 2], "next": 50}), (200, {"result": [3]}))

    assert list(client(wire).pages("events")) == [1, 2, 3]
    assert [body["start"] for _, body in wire.requests] == [0, 50]


@pytest.mark.parametrize("following", [0, -50, "0", None, False, 0.0])
def test_a_list_that_does_not_move_on_ends(following):
    wire = Wire((200, {"result": [1], "next": following}))

    assert list(client(wire).pages("events")) == [1]
    assert len(wire.requests) == 1


def test_a_list_that_goes_on_without_records_ends():
    wire = Wire((200, {"result": [1], "next": 50}), (200, {"result": [], "next": 100}))

    assert list(client(wire).pages("events")) == [1]
    assert len(wire.requests) == 2


@pytest.mark.parametrize("following", [True, "more", [50], {"start": 50}, 50.5, 1e300, 10**400])
def test_a_list_whose_next_page_is_nowhere_is_not_taken_for_the_whole(following):
    records = client(Wire((200, {"result": [1], "next": following}))).pages("events")

    assert next(records) == 1
    with pytest.raises(PortalUnreachable) as told:
        next(records)
    assert told.value.sent


@pytest.mark.parametrize("result", [None, True, False, 7, 0, "", "a text"])
def test_what_is_no_list_is_no_answer(result):
    with pytest.raises(PortalUnreachable) as told:
        list(client(Wire((200, {"result": result}))).pages("events"))

    assert told.value.sent


def batch(results: Any, errors: Any = None) -> Reply:
    return (200, {"result": {"result": results, "result_error": errors or []}})


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


@pytest.mark.parametrize("status", [401, 503])
def test_a_block_by_hand_is_no_rate_and_not_waited_for(status):
    ledger, wire = Ledger(), Wire((status, {"error": "OVERLOAD_LIMIT"}))

    with pytest.raises(ApplicationBlocked):
        client(wire, budget=ledger).call("profile", repeatable=True)
    assert (ledger.narrowed, len(wire.requests)) == (0, 1)


ENDLESS = "1" * 401
NUMBERS = [ENDLESS, f"-{ENDLESS}", "1e999", "-1e999", "NaN", '"900"', '"x"', "null", "true", "[]"]


@pytest.mark.parametrize("operating", [*NUMBERS, "400"])
@pytest.mark.parametrize("reset", [*NUMBERS, "-1", "0", "4e9"])
def test_no_number_of_an_answer_spoils_it(operating, reset):
    """Whatever stands there, a method is paused for a quarter of an hour at most."""
    time_block = f'{{"operating": {operating}, "operating_reset_at": {reset}}}'
    body = f'{{"result": 5, "time": {time_block}}}'.encode()
    item = f'{{"result": {{"result": {{"a": 5}}, "result_time": {{"a": {time_block}}}}}}}'.encode()
    ledger, now = Ledger(), time.time()

    assert client(Wire((200, body)), budget=ledger).call("x") == 5
    assert client(Wire((200, item)), budget=ledger).batch({"a": "x"}) == {"a": 5}

    noted = [*ledger.resets.values(), *(until for _, until, _ in ledger.blocks)]
    assert all(now <= until <= time.time() + 900 for until in noted)


def test_an_error_inside_an_items_result_is_an_error():
    nested = {"result": False, "error": "NO_APPLICATION_ID", "error_description": "x"}
    wire = Wire(batch({"a": nested}))

    assert "a" in client(wire).batch_all({"a": "imconnector.unregister"}).errors


def test_halt_stops_the_later_requests_too():
    wire = Wire((200, {"result": {"result": [], "result_error": {"c0": {"error": "X"}}}}))

    answer = client(wire).batch_all({f"c{n}": "profile" for n in range(120)}, halt=True)

    assert len(wire.requests) == 1
    assert list(answer.errors) == ["c0"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["error", "error_description", "result", "result_error", "time", "a"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


def outcome(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except B24AppError as error:
        return error


@given(json_values, st.sampled_from([200, 400, 401, 403, 404, 429, 500, 503]))
def test_any_answer_is_a_result_or_an_error_of_the_tree(body, status):
    found = outcome(lambda: client(Wire((status, body))).call("profile"))

    if isinstance(body, dict) and error_code(body):
        assert isinstance(found, B24AppError)
    if not isinstance(found, B24AppError):
        assert status < 400
        assert isinstance(body, dict) and "error" not in body


@given(json_values)
def test_any_batch_answer_is_sorted_or_an_error(body):
    found = outcome(
        lambda: client(Wire((200, {"result": body}))).batch_all({"a": "profile", "error": "x"})
    )

    assert isinstance(found, BatchResult | B24AppError)
    if isinstance(found, BatchResult):
        assert set(found.results).isdisjoint(found.errors)
        assert {*found.results, *found.errors} == {"a", "error"}


numbers = st.integers(-(10**401), 10**401) | st.floats() | json_values
times = st.dictionaries(st.sampled_from(["operating", "operating_reset_at", "start"]), numbers)


@given(times, st.sampled_from(list(Lane)))
def test_any_time_leaves_the_result_as_it_is_and_no_method_paused_for_long(spent, lane):
    ledger, now = Ledger(), time.time()
    whole = (200, {"result": 5, "time": spent})
    parts = (200, {"result": {"result": {"a": 5}, "result_time": {"a": spent}}})
    rest = client(Wire(whole, parts), budget=ledger, lane=lane)

    assert rest.call("profile") == 5
    assert rest.batch({"a": "profile"}) == {"a": 5}
    noted = [*ledger.resets.values(), *(until for _, until, _ in ledger.blocks)]
    assert all(now <= until <= time.time() + 900 for until in noted)


envelopes = st.fixed_dictionaries(
    {"result": st.lists(st.integers(), max_size=3) | json_values},
    optional={"next": st.integers(-50, 200) | st.sampled_from(["50", "100"]) | numbers},
)


@given(st.lists(envelopes, min_size=1, max_size=5))
def test_any_pages_end_or_are_an_error(bodies):
    wire = Wire(*((200, body) for body in bodies))

    found = outcome(lambda: list(client(wire).pages("events")))

    assert isinstance(found, list | B24AppError)
    assert len(wire.requests) <= len(bodies) + 1


@given(st.binary(max_size=200))
def test_any_bytes_are_a_result_or_an_error(body):
    found = outcome(lambda: client(Wire((200, body))).call("profile"))

    assert isinstance(found, B24AppError) or b"result" in body
