"""Where a portal and our list differ: looking, keeping what was seen, doing something about it.

A look changes nothing on either side. Chat apps are not listed by any portal; ``drift_check.py``
asks for each.
"""

from __future__ import annotations

import time
from dataclasses import replace

from b24app.actions import drift_check, drift_compare, drift_deeds, drift_listing
from b24app.actions.drift_deeds import Done
from b24app.actions.portal import Portal
from b24app.errors import B24AppError, StoreUnavailable
from b24app.records import Deed, Finding, Look


def look(portal: Portal) -> Look:
    """Compare what the portal lists with our list, and keep what is found.

    One request, as a rule. Raises PortalError, PortalUnreachable, AuthorizationLost; then what
    was seen before is kept, and that it may be old.
    """
    now = int(time.time())
    try:
        listing = drift_listing.read(portal)
    except StoreUnavailable:
        raise
    except B24AppError as exc:
        before = portal.store.drift.look() or Look()
        tried = replace(before, tried_at=now, trouble=type(exc).__name__)
        portal.store.drift.note_look(tried)
        raise
    found = Look(
        at=now,
        tried_at=now,
        findings=tuple(drift_compare.everything(portal, listing)),
        unseen=listing.unseen,
        strangers=drift_compare.strangers(portal, listing),
    )
    portal.store.drift.note_look(found)
    return found


def known(portal: Portal) -> list[Finding]:
    """Every difference that was last seen, by looks and by checks. Asks nobody.

    Of a chat app what the portal has told a check counts, not what our record says of it.
    """
    seen, asked = portal.store.drift.look(), _checked(portal)
    looked = seen.findings if seen else ()
    told = {_which(finding) for finding in asked if finding.thing == "chat_app"}
    found = [finding for finding in looked if _which(finding) not in told]
    listed = {_which(finding) for finding in found}
    return found + [finding for finding in asked if _which(finding) not in listed]


def _which(finding: Finding) -> tuple[str, str]:
    return finding.thing, finding.thing_id


def do(portal: Portal, deed: Deed, wanted: tuple[str, str, str], typed_name: str = "") -> Done:
    """Do something about the difference ``wanted``: its thing, id and how it differs.

    The portal is looked at first: where that is not so any more, nothing is done. Afterwards it is
    looked at again. Raises as ``look`` and as ``drift_deeds.do``.
    """
    checked = _named(_checked(portal), wanted)
    finding = _named(look(portal).findings, wanted) or checked
    if finding is None:
        return Done(wanted[1], stale=True)
    done = drift_deeds.do(portal, deed, finding, typed_name)
    if checked:
        drift_check.settle(portal, checked)
    _look_again(portal)
    return done


def _checked(portal: Portal) -> tuple[Finding, ...]:
    """What the last check has found so far and our list does not say to be mended since."""
    check = portal.store.drift.check()
    return drift_check.standing(portal, check) if check else ()


def _named(findings: tuple[Finding, ...], wanted: tuple[str, str, str]) -> Finding | None:
    same = (one for one in findings if (one.thing, one.thing_id, one.how.value) == wanted)
    return next(same, None)


def _look_again(portal: Portal) -> None:
    try:
        look(portal)
    except StoreUnavailable:
        raise
    except B24AppError:
        return  # the deed is done and must be told; that the look failed is kept
