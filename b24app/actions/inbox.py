"""The way of an event: accepted at the door, kept sealed, then done once by a reader.

At the door nothing is asked of anybody but the store. What shows the application token of its
portal is believed and waits in the portal's inbox; an install or update that brings a new token
waits among the *claims*, changes nothing, and is proven by the worker.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from b24app.actions import installs
from b24app.actions.proof import Visitor, claim_of_event
from b24app.bitrix.inbound import Event, read_event, read_form
from b24app.errors import (
    AuthorizationLost,
    B24AppError,
    BadApplicationToken,
    Busy,
    NotInstalled,
    PortalError,
    Refused,
    StoreUnavailable,
)
from b24app.observe import redact
from b24app.records import Outcome
from b24app.resources import Resources
from b24app.store import Inbox
from b24app.store.inbox import CLAIMS, LEASE_SECONDS, Taken
from b24app.store.inbox_entries import Entry
from b24app.store.sightings import Sightings

BRINGS_TOKEN: Final = ("ONAPPINSTALL", "ONAPPUPDATE")
CLAIM_BYTES: Final = 16 * 1024  # ten times what a true one has
# Seconds before the second to the sixth try; after that an event is a dead letter.
PAUSES: Final = (10, 30, 60, 300, 900)
# A reader's turn: then the next portal's comes, so that one portal's flood keeps nobody waiting.
TURN_EVENTS: Final = 50
TURN_SECONDS: Final = 10.0
SECONDS: Final = 8.0  # a portal has no more for one answer: others' events wait behind it
MOST_BEGUN: Final = 5

log = logging.getLogger(__name__)

__all__ = [
    "CLAIMS",
    "Happening",
    "accept",
    "prove",
    "read",
]


@dataclass(frozen=True)
class Happening:
    """An event in a handler's hands. ``id`` is the same however often it is tried.

    ``again``: it was tried before, or begun by a worker that was killed, and may have been done.
    """

    id: str
    event: Event
    body: bytes = field(repr=False)
    again: bool = False

    @property
    def member_id(self) -> str:
        """Whose portal it happened in."""
        return self.event.auth.member_id


Handler = Callable[[Happening], None]


def accept(resources: Resources, event: Event, body: bytes) -> str | None:
    """Put an event away; returns the inbox whose reader the caller must call, if any.

    ``body`` is the form the event was read from. Raises BadApplicationToken for an event nobody
    can prove, Unproven for an authorization server that is not ours, Busy when too many wait,
    StoreUnavailable.
    Whoever sees an application token may send events, and each employee's browser shows one: an
    event that is believed starts work and destroys nothing by itself.
    """
    name, shown = event.auth.member_id, event.auth.application_token
    taken = resources.inbox.put(name, shown, body)
    if taken is Taken.UNPROVEN:
        name, taken = CLAIMS, _keep_claim(resources, event, body)
    if taken is Taken.FULL:
        raise Busy(f"too many events wait in the inbox {name}")
    if taken is Taken.KNOWN and name != CLAIMS:
        note(resources, event, Outcome.DUPLICATE)
    return name if taken is Taken.CALL else None


def _keep_claim(resources: Resources, event: Event, body: bytes) -> Taken:
    """Keep it for the worker to prove; of too many of one portal the oldest is refused for it."""
    member_id = event.auth.member_id
    may_be_proven = event.name in BRINGS_TOKEN and event.auth.access_token
    if not may_be_proven or len(body) > CLAIM_BYTES:
        note(resources, event, Outcome.REFUSED)
        raise BadApplicationToken("event that nothing proves", member_id)
    if event.auth.server_endpoint:
        resources.oauth.server_of(event.auth.server_endpoint)
    taken, out = resources.inbox.put_claim(member_id, body)
    if out and out.body:
        note(resources, read_event(read_form(out.body)), Outcome.REFUSED)
        resources.meter.count("events", "crowded_out")
    if taken is Taken.FULL:
        note(resources, event, Outcome.REFUSED)
    return taken


def note(resources: Resources, event: Event, outcome: Outcome) -> None:
    """Remember what became of an event, for the portal's administrator."""
    Sightings(resources.redis, event.auth.member_id).note(event.name, outcome)


def prove(resources: Resources, claim: Happening) -> tuple[Visitor, str | None]:
    """Prove what an unproven event brings and store it; then the event waits as any other.

    Returns who is vouched for, and the inbox whose reader the caller must call, if any. A token
    that comes later than a newer one is not taken. Raises as ``installs.install``.
    """
    event = claim.event
    claimed = replace(claim_of_event(event), longest=SECONDS)
    late = event.ts < resources.inbox.brought_at(claim.member_id)
    visitor = installs.install(
        resources, replace(claimed, application_token="") if late else claimed
    )
    if not late:
        resources.inbox.note_brought(claim.member_id, event.ts)
    token = visitor.installation.application_token
    taken = resources.inbox.put(claim.member_id, token, claim.body)
    if taken is Taken.FULL:
        raise Busy(f"too many events wait in the inbox {claim.member_id}")
    return visitor, claim.member_id if taken is Taken.CALL else None


def read(resources: Resources, name: str, handle: Handler) -> bool:
    """Do the oldest events of an inbox, each once, for a turn of some seconds.

    Returns whether more wait; then the caller must call a reader again. An event that fails is
    set aside and tried again after a growing pause; after the last try, or when trying again is
    in vain, it becomes a dead letter. Nothing is done while somebody else reads here.
    Raises StoreUnavailable.
    """
    inbox, owner = resources.inbox, secrets.token_hex(8)
    if not inbox.open(name, owner):
        return False
    if name != CLAIMS and not _is_installed(resources, name):
        inbox.forget(name)
        return False
    deadline = time.monotonic() + TURN_SECONDS
    with _leased(inbox, name, owner):
        for entry in inbox.first(name, TURN_EVENTS):
            if time.monotonic() > deadline or not (begun := inbox.begin(name, owner, entry)):
                break
            _do(resources, name, entry, begun, handle)
    return inbox.close(name, owner)


def _is_installed(resources: Resources, member_id: str) -> bool:
    try:
        resources.installations.get(member_id)
    except NotInstalled:
        return False
    return True


def _do(resources: Resources, name: str, entry: Entry, begun: int, handle: Handler) -> None:
    if entry.body is None or begun > MOST_BEGUN:
        why = "no key opens it" if entry.body is None else f"the worker ended {begun - 1} times"
        return _bury(resources, name, entry, why)
    event: Event | None = None
    try:
        event = read_event(read_form(entry.body))
        again = begun > 1 or entry.tries > 0
        handle(Happening(entry.id, event, entry.body, again))
    except StoreUnavailable:
        raise  # nothing can be noted now; the next reader begins it again
    except Exception as exc:  # whatever it is, the events behind it go on
        outcome = _failed(resources, name, entry, exc)
        if event and outcome:
            note(resources, event, outcome)
        return None
    resources.inbox.done(name, entry, event.name)
    if name != CLAIMS:  # a claim that was proven waits as an event now
        note(resources, event, Outcome.DONE)
    return resources.meter.count("events_done", "ok")


def _failed(resources: Resources, name: str, entry: Entry, error: Exception) -> Outcome | None:
    """Take it out or set it aside; returns what became of it, None when it is tried again."""
    if isinstance(error, NotInstalled) or (name == CLAIMS and is_final(error)):
        log.info("event %s of inbox %s: %s", entry.id, name, redact(str(error)))
        resources.inbox.drop(name, entry)
        resources.meter.count("events_done", "refused")
        return Outcome.REFUSED
    if not isinstance(error, B24AppError):
        log.error("event %s of inbox %s: unexpected", entry.id, name, exc_info=error)
    if entry.tries >= len(PAUSES) or is_final(error):
        _bury(resources, name, entry, f"{type(error).__name__}: {redact(str(error))}")
        return Outcome.FAILED
    resources.inbox.set_aside(name, entry, PAUSES[entry.tries])
    resources.meter.count("events_done", "postponed")
    return None


def _bury(resources: Resources, name: str, entry: Entry, reason: str) -> None:
    log.error("event %s of inbox %s is a dead letter: %s", entry.id, name, reason)
    resources.inbox.bury(name, entry, reason)
    resources.meter.count("events_done", "dead")


def is_final(error: Exception) -> bool:
    """Whether the same try will fail in the same way until a person does something."""
    if isinstance(error, PortalError):
        return error.permanent
    return isinstance(error, Refused | AuthorizationLost)


@contextmanager
def _leased(inbox: Inbox, name: str, owner: str) -> Iterator[None]:
    """Stay the reader while a handler takes its time."""
    done = threading.Event()

    def prolong() -> None:
        while not done.wait(LEASE_SECONDS / 3):
            try:
                if not inbox.extend(name, owner):
                    return  # somebody else reads by now; ``begin`` will find that out
            except StoreUnavailable:
                continue  # it may answer again before the lease runs out

    keeper = threading.Thread(target=prolong, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
