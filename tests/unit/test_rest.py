"""The client's own rules: tokens, tries, portals that moved, lists of many pages."""

from __future__ import annotations

import pytest

from b24app.errors import AccessDenied, AuthorizationLost, PortalTrouble, PortalUnreachable
from tests.unit.rest_client import EXPIRED, FINE, LOST, REFUSED, Purse, Wire, client

pytestmark = pytest.mark.usefixtures("quick")


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
