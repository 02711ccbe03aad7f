"""A client, with a portal that is a function at the other end of the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

import urllib3
from urllib3.exceptions import NewConnectionError, ProtocolError

from b24app.bitrix.rest import Client
from b24app.errors import B24AppError
from b24app.records import Lane, Permit

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


def client(wire: Wire, **options: Any) -> Client:
    options.setdefault("token", Purse())
    return Client(wire, "https://portal.example/rest/", member_id="m", **options)


REFUSED = NewConnectionError(None, "refused")
LOST = ProtocolError("connection reset")
EXPIRED = (401, {"error": "expired_token"})
FINE = (200, {"result": True})
LIMIT = (503, {"error": "QUERY_LIMIT_EXCEEDED"})


def fails(error: B24AppError) -> Callable[..., Any]:
    def failing(*args: Any, **options: Any) -> Any:
        raise error

    return failing


def batch(results: Any, errors: Any = None) -> Reply:
    return (200, {"result": {"result": results, "result_error": errors or []}})
