"""What the worker runs: ids in, the portal opened, one action called. Safe to repeat."""

from __future__ import annotations

import logging
from typing import Final

from b24app.actions import installs
from b24app.actions.portal import open_portal
from b24app.errors import AuthorizationLost, AuthServerUnreachable, NotInstalled
from b24app.records import SYSTEM, Installation
from b24app.resources import Resources, resources

# The uninstall event leaves before the authorization server has revoked the tokens, and one
# look may meet an outage; so a few looks, with growing pauses.
PAUSES: Final = (2, 5, 15, 30, 60)

log = logging.getLogger(__name__)


def confirm_uninstall(member_id: str, installed_at: int, clean: int, look: int = 0) -> None:
    """Remove a portal once the authorization server says that it has uninstalled us."""
    known = resources()
    try:
        installation = known.installations.get(member_id)
    except NotInstalled:
        return
    if installation.installed_at != installed_at:
        return  # installed anew meanwhile
    if _is_gone(known, installation):
        installs.forget(known, installation, clean=bool(clean))
        known.counters.add("uninstalls", "confirmed")
    elif look < len(PAUSES):
        known.enqueue(
            confirm_uninstall, member_id, installed_at, clean, look + 1, after=PAUSES[look]
        )
    else:
        known.counters.add("uninstalls", "unconfirmed")
        log.warning("portal %s: an uninstall event was not confirmed, nothing removed", member_id)


def _is_gone(known: Resources, installation: Installation) -> bool:
    try:
        return installs.is_gone(known, installation)
    except (AuthorizationLost, AuthServerUnreachable):
        return False  # an outage or an unpaid plan confirms nothing; the next look asks again


def resubscribe(member_id: str) -> None:
    """Bind the life-cycle events again, after an update took them away."""
    portal = open_portal(resources(), member_id, SYSTEM)
    installs.subscribe(portal.rest, portal.app_url)
