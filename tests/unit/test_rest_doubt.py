"""An answer that was lost: the portal may have acted, and nothing said later hides it."""

from __future__ import annotations

from typing import Any

import pytest

from b24app.errors import (
    AccessDenied,
    AuthorizationLost,
    AuthServerUnreachable,
    B24AppError,
    Busy,
    PortalUnreachable,
    StoreUnavailable,
    may_have_acted,
)
from b24app.records import Permit
from tests.unit.rest_client import EXPIRED, LIMIT, LOST, REFUSED, Ledger, Wire, client, fails

pytestmark = pytest.mark.usefixtures("quick")


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
