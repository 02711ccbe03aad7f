"""The tables of what a portal may answer to a method, and going through them over HTTP.

A row says what the portal answers and what must come of it: what the administrator reads, what
became of our record, what the portal holds. b24restdocs: error-codes.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest
import requests

from b24app import keys
from b24app.resources import Resources
from b24app.store import PortalStore
from b24app.store.budget import SELF_HOSTED
from sandbox.world import World
from tests.cast import Person

NO = "Your portal did not accept the change, so nothing was saved."
DENIED = "A permission is missing, so nothing was saved."
GONE = "The portal had removed it already. It is off this list now."
FOREIGN = "The portal says that another application registered this."
BUSY = "It takes no more requests just now."
PAUSED = "The portal has paused this function for some minutes."
TROUBLE = "The portal has a problem of its own"
SILENT = "The portal does not answer"
TOO_OLD = "Your portal's version does not offer this function"
ASKS = "Your portal asks its administrators for a confirmation."
REMOVED = "The portal does not have the application any more"
DONE = "done"  # whatever the method's own word for success is


@dataclass(frozen=True)
class Row:
    """What the portal answers, and what comes of it.

    ``code`` and ``status`` are the portal's, the latter as the source and as the documentation
    have it; ``kind`` is a fault of the sandbox, or ``gone`` and ``foreign`` for a thing that is
    so there. ``times`` is how often it answers like that.
    """

    code: str
    status: tuple[int, int]
    reads: str
    replied: int = 502
    kind: str = "error"
    times: int = 99
    goes_on: bool = True  # False when the administrator must open the application again

    @property
    def keeps(self) -> bool:
        """Whether our record stays."""
        return self.reads not in (DONE, GONE)


def own(code: str, status: int, reads: str, **more: Any) -> Row:
    """A row of a method's own table."""
    return Row(code, (status, status), reads, **more)


SUCCESS = own("", 200, DONE, replied=200, kind="", times=0)


def foreign(code: str) -> Row:
    """The thing is another application's on the portal."""
    return own(code, 400, FOREIGN, replied=409, kind="foreign")


def gone(code: str) -> Row:
    """The portal does not have the thing."""
    return own(code, 400, GONE, replied=200, kind="gone")


LOST = {"replied": 409, "goes_on": False}
WENT_ON = {"replied": 200, "times": 1}
# What any method may answer, with the status by the source and by the documentation.
SYSTEM = (
    Row("ACCESS_DENIED", (403, 403), DENIED),
    Row("WRONG_AUTH_TYPE", (403, 403), DENIED),
    Row("insufficient_scope", (401, 403), DENIED),
    Row("INVALID_CREDENTIALS", (401, 403), DENIED),
    Row("INVALID_REQUEST", (401, 400), NO),
    Row("WRONG_LICENSE", (403, 403), "Your portal's plan does not include this function"),
    Row("METHOD_CONFIRM_WAITING", (401, 401), ASKS),
    Row("METHOD_CONFIRM_DENIED", (403, 403), "An administrator of your portal has refused this."),
    Row("ERROR_METHOD_NOT_FOUND", (404, 404), TOO_OLD),
    Row("ERROR_CORE", (400, 400), NO),
    Row("ERROR_ARGUMENT", (400, 400), NO),
    Row("QUERY_LIMIT_EXCEEDED", (503, 503), BUSY, 503),
    Row("OVERLOAD_LIMIT", (401, 503), "Bitrix24 has blocked this application in your portal"),
    Row("OPERATION_TIME_LIMIT", (429, 429), PAUSED, 503),
    Row("INTERNAL_SERVER_ERROR", (500, 500), TROUBLE),
    Row("ERROR_UNEXPECTED_ANSWER", (500, 500), TROUBLE),
    Row("CONNECTION_ERROR", (401, 401), TROUBLE),
    Row("WRONG_ENCODING", (200, 200), TROUBLE),
    Row("", (500, 500), SILENT, kind="html"),
    Row("", (502, 502), SILENT, kind="bad_gateway"),
    Row("", (200, 200), SILENT, kind="garbage"),
    Row("", (0, 0), SILENT, kind="drop"),
)
# What mends itself while the administrator waits, so that it is not even noticed.
PASSING = (
    Row("expired_token", (401, 401), DONE, **WENT_ON),
    Row("QUERY_LIMIT_EXCEEDED", (503, 503), DONE, **WENT_ON),
    Row("INTERNAL_SERVER_ERROR", (500, 500), DONE, **WENT_ON),
    Row("", (502, 502), DONE, kind="bad_gateway", **WENT_ON),
)
# What costs the application its access, until an administrator opens it again.
ACCESS = (
    Row("NO_AUTH_FOUND", (401, 401), "The connection to your portal is interrupted", **LOST),
    Row("invalid_token", (401, 401), "The portal does not know our access any more", **LOST),
    Row("authorization_error", (401, 401), "cannot sign in to the portal any more", **LOST),
    Row("user_access_error", (401, 403), "may not use the application any more", **LOST),
    Row("APPLICATION_NOT_FOUND", (401, 401), REMOVED, **LOST),
    Row("ERROR_OAUTH", (401, 401), REMOVED, **LOST),
    Row("PAYMENT_REQUIRED", (401, 401), "plan does not include this application", **LOST),
    Row("PORTAL_DELETED", (403, 500), "The portal is closed", **LOST),
)


@dataclass
class Stage:
    """One method's table being gone through: who presses what about which thing.

    ``place`` registers the thing and returns its address and its number on the portal; ``press``
    sends the form. ``spoil`` makes it gone or another application's at the portal, and returns
    what mends that. ``done`` is what the administrator reads after a success.
    """

    person: Person
    world: World
    resources: Resources
    method: str
    shelf: str
    place: Callable[[], str]
    press: Callable[[str], requests.Response]
    spoil: Callable[[str, str], Callable[[], None]]
    done: str
    removes: bool = True
    url: str = field(default="", init=False)

    def go_through(self, table: Sequence[Row]) -> int:
        """Play every row, one after the other; the thing is registered anew where it went.

        How many rows came out as they say; the first that does not is told and ends it.
        """
        for row in table:
            if not self.url:
                self.url = self.place()
            self._play(row)
        return len(table)

    def _play(self, row: Row) -> None:
        mend = self._arrange(row)
        before = self._record(), self._held()
        reply = self.press(self.url)
        self.world.faults.clear()
        what = f"{self.method}: {row.kind} {row.code}: {reply.status_code} {heard(reply)}"
        assert (self.done if row.reads == DONE else row.reads) in said(reply), what
        assert reply.status_code == row.replied, what
        assert not row.code or row.code.lower() not in said(reply).lower(), what
        if row.keeps:
            assert (self._record(), self._held()) == before, what
        else:
            self._check_change(row, before, what)
        mend()
        self._recover(row)

    def _check_change(self, row: Row, before: tuple[object, object], what: str) -> None:
        if self.removes:
            assert self.person.get(self.url).status_code == 404, what
            assert self._line().verb == "unregister", what
            self.url = ""
        assert self._record() != before[0], what
        assert (self._held() != before[1]) is (row.reads == DONE), what

    def _arrange(self, row: Row) -> Callable[[], None]:
        if row.kind in ("gone", "foreign"):
            return self.spoil(self.url, row.kind)
        if row.kind:
            status = row.status[self.world.profile == "documented"]
            order = {"code": row.code, "text": "In the portal's words", "status": status}
            self.world.faults.order(row.kind, self.method, times=row.times, **order)
        return lambda: None

    def _recover(self, row: Row) -> None:
        """The portal's limits forget what was; the administrator opens the application again."""
        self.resources.redis.delete(keys.rate(self.person.portal.member_id))
        if not row.goes_on:
            self.person.open()

    @property
    def _store(self) -> PortalStore:
        return PortalStore(self.resources.redis, self.person.portal.member_id)

    def _record(self) -> list[object]:
        return list(getattr(self._store, self.shelf).all())

    def _line(self) -> Any:
        return self._store.history(1)[0]

    def _held(self) -> dict[str, Any]:
        return held(self.person)


def held(person: Person) -> dict[str, Any]:
    """Everything of the chats that the person's portal holds."""
    home = person.portal
    things = {
        "bots": home.bots,
        "chat apps": home.chat_apps,
        "commands": list(home.commands.values()),
        "connectors": list(home.connectors.values()),
        "statuses": home.statuses,
        "placements": home.placements,
    }
    return {name: [asdict(thing) for thing in found] for name, found in things.items()}


def said(reply: requests.Response) -> str:
    """All that the administrator reads: the page and the message that is read out."""
    message = json.loads(reply.headers.get("HX-Trigger", "{}")).get("message", {})
    return f"{message.get('text', '')}\n{reply.text}".replace("&#39;", "'")


def heard(reply: requests.Response) -> str:
    """The beginning of that without its tags, for somebody who wonders why a row failed."""
    return " ".join(re.sub(r"<[^>]+>", " ", said(reply)).split())[:300]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between tries are short, and the portal's bucket runs empty at once."""
    monkeypatch.setattr("b24app.bitrix.retry.SHORT", 0.001)
    monkeypatch.setattr("b24app.bitrix.retry.LONG", 0.001)
    for plan in ("NORMAL", "ENTERPRISE"):
        monkeypatch.setattr(f"b24app.store.budget.{plan}", SELF_HOSTED)
