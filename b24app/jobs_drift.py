"""What the worker runs to see where portals and our lists differ; it changes nothing."""

from __future__ import annotations

import hashlib
import itertools
import logging
import time
from typing import Final

from b24app.actions import drift, drift_check
from b24app.actions.portal import Portal, open_portal
from b24app.errors import B24AppError, NotInstalled, StoreUnavailable
from b24app.records import SYSTEM, Lane, Life, Patience
from b24app.resources import Resources, resources

DAY: Final = 86400
AT_ONCE: Final = 10  # a minute
SCANNED: Final = 500
LOOK_PATIENCE: Final = 8.0
LONGEST: Final = 20.0  # seconds a portal has for one answer: nobody waits for it
CHECK_PATIENCE: Final = 120.0

log = logging.getLogger(__name__)


def look_at_drift() -> None:
    """Have the portals looked at whose turn it is, each once a day. Costs what is due."""
    known, now = resources(), time.time()
    for member_id in known.installations.turns.take_due(AT_ONCE, now, now + DAY):
        known.enqueue(look, member_id)


def enrol_for_looks() -> None:
    """Give every portal that has none a turn within a day, spread over it."""
    known, now = resources(), time.time()
    names = known.installations.scan()
    while some := list(itertools.islice(names, SCANNED)):
        known.installations.turns.enrol({name: now + _part_of_day(name) for name in some})


def _part_of_day(member_id: str) -> float:
    digest = hashlib.sha256(member_id.encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32 * DAY


def look(member_id: str) -> None:
    """Look at one portal while its access token is good; a failure waits for the next day.

    A look is worth no refresh token: an idle portal would be renewed day by day. Its turn comes
    when somebody opens the application or something else has renewed the access.
    """
    known = resources()
    try:
        portal = _portal(known, member_id, LOOK_PATIENCE)
    except NotInstalled:
        known.installations.turns.forget(member_id)
        return
    known.installations.turns.park(member_id)  # until it is looked at, or somebody wakes it
    if portal.installation.state is not Life.INSTALLED:
        return
    if known.installations.ledger.access(member_id) is None:
        return
    try:
        found = drift.look(portal)
    except StoreUnavailable:
        raise
    except B24AppError as exc:
        log.info("portal %s: not looked at: %s", member_id, type(exc).__name__)
    else:
        log.debug("portal %s: %d differences", member_id, len(found.findings))


def call_check(known: Resources, member_id: str) -> None:
    """Have the worker walk through the portal's chat apps. Raises StoreUnavailable."""
    known.enqueue(check, member_id)


def check(member_id: str) -> None:
    """Go on with the check of what no list shows."""
    known = resources()
    try:
        portal = _portal(known, member_id, CHECK_PATIENCE)
    except NotInstalled:
        return
    drift_check.walk(portal)


def _portal(known: Resources, member_id: str, patience: float) -> Portal:
    return open_portal(
        known,
        member_id,
        SYSTEM,
        lane=Lane.BULK,
        patience=Patience(patience),
        longest=LONGEST if patience == LOOK_PATIENCE else None,
    )
