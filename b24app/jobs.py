"""What the worker runs: ids in, the portal opened, one action called. Safe to repeat."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from b24app import jobs_bulk, jobs_drift
from b24app.actions import happenings, inbox, installs, leaving, moving, subscriptions, talk
from b24app.actions.inbox import CLAIMS, Happening
from b24app.actions.keep_alive import sweep
from b24app.actions.portal import Portal, open_portal
from b24app.errors import AuthorizationLost, NotInstalled
from b24app.records import SYSTEM, Lane, Life, Patience
from b24app.resources import Resources, resources

SCANNED: Final = 500
KEPT_AT_ONCE: Final = 5  # a minute: few, for nobody waits for them
# Seconds one event may wait for its portal in all, and its portal has for each answer.
EVENT_PATIENCE: Final = 8.0
NO_ACCESS: Final = AuthorizationLost.__name__  # with this the reason of a dead letter begins
LOOKED_AT_ONCE: Final = 200
# A look whose worker was killed is done by another one after this.
LOOK_SECONDS: Final = 120

log = logging.getLogger(__name__)


def call_reader(known: Resources, name: str) -> None:
    """Have the worker read this inbox soon. Raises StoreUnavailable."""
    known.enqueue(read_inbox, name)


def revive(known: Resources, name: str, letter_id: str = "", reason: str = "") -> int:
    """Have the dead letters of this inbox done again; how many.

    With an id only that one, with a ``reason`` only those whose own begins so. Raises
    StoreUnavailable.
    """
    count = 0
    for letter in known.inbox.dead_letters(name):
        if letter_id in ("", letter.id) and letter.reason.startswith(reason):
            count += 1
            if known.inbox.revive(letter):
                call_reader(known, name)
    return count


def read_inbox(name: str) -> None:
    """Do the next events of a portal, or prove the next claims; then the others have their turn."""
    known = resources()
    if inbox.read(known, name, _prove if name == CLAIMS else _handle):
        call_reader(known, name)


def _handle(happening: Happening) -> None:
    """What an event asks for; one without a handler asks for nothing, and is counted."""
    if handler := HANDLERS.get(happening.event.name):
        handler(happening)


def _prove(claim: Happening) -> None:
    known = resources()
    visitor, name = inbox.prove(known, claim)
    if not visitor.subscribed:
        known.enqueue(resubscribe, visitor.installation.member_id)
    if name:
        call_reader(known, name)


def _installed(happening: Happening) -> None:
    """What it brought was stored when it was proven; is the installation finished now?"""
    installation = resources().installations.get(happening.member_id)
    if installation.state is not Life.INSTALLED:
        _ask_about_itself(happening)


def _updated(happening: Happening) -> None:
    """An update takes the bindings away (b24restdocs: events/event-bind.md)."""
    resubscribe(happening.member_id)


def _ask_about_itself(happening: Happening) -> None:
    """Anybody in the portal can forge the event, so the portal is asked what holds now.

    When it refuses, asking has noted why, and every opening of the frame says so.
    """
    try:
        learn(happening.member_id)
    except AuthorizationLost as exc:
        log.info("portal %s: %s after an event", happening.member_id, exc.reason)


def _uninstalled(happening: Happening) -> None:
    known, data = resources(), happening.event.data
    installation = known.installations.get(happening.member_id)
    clean = isinstance(data, dict) and data.get("CLEAN") == "1"
    if leaving.announce(known, installation, clean=clean):
        known.enqueue(look, happening.member_id)


def _bot_deleted(happening: Happening) -> None:
    happenings.bot_deleted(_portal(happening.member_id), happening)


def _connector_off(happening: Happening) -> None:
    happenings.connector_off(_portal(happening.member_id), happening.event)


def _bot_joined(happening: Happening) -> None:
    talk.welcome(resources(), happening)


def _command_given(happening: Happening) -> None:
    talk.answer(resources(), happening)


# What is done for an event, by its name. A handler may run again after a crash, and with the
# same ``happening.id``; it raises what the portal raises, and is then tried again.
HANDLERS: Final[dict[str, Callable[[Happening], None]]] = {
    "ONAPPINSTALL": _installed,
    "ONAPPUPDATE": _updated,
    "ONAPPPAYMENT": _ask_about_itself,
    "ONAPPUNINSTALL": _uninstalled,
    "ONIMBOTDELETE": _bot_deleted,
    "ONIMBOTV2DELETE": _bot_deleted,
    "ONIMBOTJOINCHAT": _bot_joined,
    "ONIMBOTV2JOINCHAT": _bot_joined,
    "ONIMCOMMANDADD": _command_given,
    "ONIMBOTV2COMMANDADD": _command_given,
    "ONIMCONNECTORLINEDELETE": _connector_off,
    "ONIMCONNECTORSTATUSDELETE": _connector_off,
}


def look(member_id: str) -> None:
    """See what became of a portal that is uninstalling or suspended."""
    known = resources()
    with _catching_up(known, member_id):
        leaving.look(known, member_id)


@contextmanager
def _catching_up(known: Resources, member_id: str) -> Iterator[None]:
    """A portal that is not suspended any more is asked what it has told in vain meanwhile."""
    before = _state(known, member_id)
    yield
    if before is Life.SUSPENDED and _state(known, member_id) in (Life.NEW, Life.INSTALLED):
        known.enqueue(resubscribe, member_id)


def _state(known: Resources, member_id: str) -> Life:
    try:
        return known.installations.get(member_id).state
    except NotInstalled:
        return Life.GONE


def resubscribe(member_id: str) -> None:
    """Bind the events again, after an update took them away or a try failed, or once lost access
    is back; do what failed for want of access, and see what else the portal has lost."""
    known = resources()
    try:
        portal = _portal(member_id)
    except NotInstalled:
        return
    found = subscriptions.reconcile(portal)
    installs.learn(known, replace(portal.installation, scope=found.scope), found.about)
    revive(known, member_id, reason=NO_ACCESS)
    review(member_id)


def review(member_id: str, after: str = "") -> None:
    """Note what the portal has of ours no more, for some seconds; then others have their turn.

    Goes on behind ``after``. Where somebody else is going on already, that is enough: a flood of
    forged updates at a slow portal must not fill the queue.
    """
    known = resources()
    try:
        portal = _portal(member_id)
    except NotInstalled:
        return
    last = happenings.review(portal, after, EVENT_PATIENCE)
    if last and known.not_waiting(review, [member_id]):
        known.enqueue(review, member_id, last)


def learn(member_id: str) -> None:
    """Ask a portal what it says of itself now, and keep it."""
    known = resources()
    with _catching_up(known, member_id):
        portal = _portal(member_id)
        installs.learn(known, portal.installation, installs.inquire(portal.rest))


def _portal(member_id: str) -> Portal:
    """For an event: a portal that makes it wait lets the others have their turn first."""
    return open_portal(
        resources(),
        member_id,
        SYSTEM,
        lane=Lane.BULK,
        patience=Patience(EVENT_PATIENCE),
        longest=EVENT_PATIENCE,
    )


def look_around(known: Resources) -> None:
    """Every few seconds, by each worker: call the readers of inboxes that nobody reads.

    These are the ones whose reader was killed, and those with an event that is due for another
    try. Sees that what runs by itself is planned. Costs what waits, whatever the number of
    portals. Raises StoreUnavailable.
    """
    for job, seconds in PERIODIC.items():
        known.enqueue_every(job, seconds)
    _take_up(known, iter(known.inbox.waiting()))
    jobs_bulk.look_around(known)


def look_at_departures() -> None:
    """See what became of the portals that are due: uninstalling, or waiting to be paid for."""
    known, now = resources(), time.time()
    departures = known.installations.departures
    for member_id in departures.take_due(LOOKED_AT_ONCE, now, now + LOOK_SECONDS):
        known.enqueue(look, member_id)


def look_everywhere() -> None:
    """Find the inboxes of which not even a note was left, by a process that was killed."""
    known = resources()
    names = itertools.chain([CLAIMS], known.installations.scan())
    while some := list(itertools.islice(names, SCANNED)):
        _take_up(known, iter(known.inbox.missed(some)))


def _take_up(known: Resources, names: Iterator[str]) -> None:
    """Call readers; one that waits for its turn behind much else is not called once more."""
    while some := list(itertools.islice(names, SCANNED)):
        if unread := known.inbox.call(some):
            for name in known.not_waiting(read_inbox, unread):
                call_reader(known, name)


def keep_alive() -> None:
    """Renew what has not been renewed for so long that it would run out."""
    renewed = sweep(resources(), KEPT_AT_ONCE)
    log.debug("%d chains kept alive", renewed)


def rebind_moved() -> None:
    """Rebind a few of the portals that still send their events to an earlier address of ours."""
    known = resources()
    for member_id in moving.next_few(known):
        known.enqueue(rebind, member_id)


def rebind(member_id: str) -> None:
    """Have a portal send its events to our present address."""
    moving.rebind(resources(), member_id)


# What runs by itself, and every how many seconds: once for all workers together.
PERIODIC: Final[dict[Callable[[], None], int]] = {
    look_everywhere: 3600,
    keep_alive: 60,
    look_at_departures: 10,
    rebind_moved: 60,
    jobs_drift.enrol_for_looks: 3600,
    jobs_drift.look_at_drift: 60,
}
