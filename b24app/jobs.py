"""What the worker runs: ids in, the portal opened, one action called. Safe to repeat."""

from __future__ import annotations

import logging
from typing import Final

from b24app.actions import installs
from b24app.actions.installs import Presence
from b24app.actions.portal import open_portal
from b24app.errors import (
    AuthorizationLost,
    AuthServerRefused,
    AuthServerUnreachable,
    NotInstalled,
)
from b24app.records import SYSTEM, Installation, Lane
from b24app.resources import Resources, resources

# The uninstall event leaves before the authorization server has revoked the tokens, and one
# look may meet an outage; so a few looks, with growing pauses.
PAUSES: Final = (2, 5, 15, 30, 60)

log = logging.getLogger(__name__)


def confirm_uninstall(member_id: str, installed_at: int, clean: int, look: int = 0) -> None:
    """Remove a portal once the authorization server says that it has uninstalled us.

    When every chain is dead and nobody says why, only the secrets go: the next administrator
    who opens the application is taken in again and finds everything else.
    """
    known = resources()
    try:
        installation = known.installations.get(member_id)
    except NotInstalled:
        return
    if installation.installed_at != installed_at:
        return  # installed anew meanwhile
    presence = _presence(known, installation)
    if presence is Presence.GONE:
        installs.forget(known, installation, clean=bool(clean))
        known.counters.add("uninstalls", "confirmed")
    elif presence is Presence.SILENT:
        installs.forget_secrets(known, installation)
        known.counters.add("uninstalls", "silent")
    elif look < len(PAUSES):
        known.enqueue(
            confirm_uninstall, member_id, installed_at, clean, look + 1, after=PAUSES[look]
        )
        return
    else:
        known.counters.add("uninstalls", "unconfirmed")
        log.warning("portal %s: an uninstall event was not confirmed, nothing removed", member_id)
    known.installations.end_confirmation(member_id)


def _presence(known: Resources, installation: Installation) -> Presence:
    try:
        return installs.presence(known, installation)
    except (AuthorizationLost, AuthServerRefused, AuthServerUnreachable):
        # An outage, our own wrong keys or an unpaid plan confirm nothing; the next look asks.
        return Presence.INSTALLED


def resubscribe(member_id: str) -> None:
    """Bind the life-cycle events again, after an update took them away or a try failed."""
    portal = open_portal(resources(), member_id, SYSTEM, lane=Lane.BULK)
    about = installs.subscribe(portal.rest, portal.app_url)
    installs.learn(resources(), portal.installation, about)
