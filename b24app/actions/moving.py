"""After the application has moved: the portals are told its new address, a few at a time."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Final

from b24app.actions import installs, subscriptions
from b24app.actions.portal import open_portal
from b24app.errors import AuthorizationLost, NotInstalled, PortalError
from b24app.records import SYSTEM, Lane, Patience
from b24app.resources import Resources
from b24app.store.moves import Moves, Pass

DAY: Final = 86400
# Slices without a portal to rebind that one run looks at.
SLICES: Final = 20
REBIND_PATIENCE: Final = 8.0  # seconds, also for each answer

log = logging.getLogger(__name__)


def next_few(resources: Resources) -> list[str]:
    """The next few portals whose events are not bound at our present address.

    At most those of one slice, some fifty; the next call goes on after them, also in another
    process. A pass that has found some is followed by another a day later, until one finds none:
    then nothing is looked at until the address changes again. Raises StoreUnavailable.
    """
    moves = Moves(resources.redis)
    known = moves.read(resources.settings.app_url)
    now = time.time()
    found: list[str] = []
    for _ in range(SLICES):
        if found or known.since < 0 or known.since > now:
            break
        cursor, found = moves.lacking(known)
        known = replace(known, cursor=cursor, found=known.found + len(found))
        if cursor == "0":
            known = Pass(known.origin, since=int(now) + DAY if known.found else -1)
    moves.keep(known)
    return found


def rebind(resources: Resources, member_id: str) -> None:
    """Have one portal send its events to our present address, and to no earlier one of ours.

    A portal that does not let us in is left to its next opening, which binds as well. Raises what
    passes, to be tried again: PortalError, PortalUnreachable, Busy, StoreUnavailable.
    """
    try:
        portal = open_portal(
            resources,
            member_id,
            SYSTEM,
            lane=Lane.BULK,
            patience=Patience(REBIND_PATIENCE),
            longest=REBIND_PATIENCE,
        )
        found = subscriptions.reconcile(portal)
    except NotInstalled:
        return
    except AuthorizationLost as exc:
        log.info("portal %s: still bound at an earlier address (%s)", member_id, exc.reason)
        return
    except PortalError as exc:
        if not exc.permanent:
            raise
        log.warning("portal %s: refuses our present address (%s)", member_id, exc.code)
        return
    installs.learn(resources, replace(portal.installation, scope=found.scope), found.about)
