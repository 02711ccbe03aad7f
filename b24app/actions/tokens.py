"""A valid access token for a portal, renewed by one holder at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from b24app.actions import life
from b24app.actions.life import Sign
from b24app.actions.reasons import OPERATOR, UNPAID
from b24app.actions.renewal import Changed, Turn
from b24app.errors import AuthorizationLost, Busy
from b24app.records import ChainState, Installation, Patience
from b24app.resources import Resources
from b24app.store.lease import LONGEST_SECONDS

R = TypeVar("R")

KEPT_SECONDS: Final = 10  # well within what is left of a token that is still used
WAIT_SECONDS: Final = 8.0
SHORTEST: Final = 1.0  # no renewal is waited for less
# The portal refuses one person, not the application (bitrix-modules: rest/lib/oauth/auth.php).
PERSONAL: Final = frozenset({"authorization_error", "invalid_token", "user_access_error"})

log = logging.getLogger(__name__)


def access_token(
    resources: Resources,
    installation: Installation,
    stale: str | None = None,
    seconds: float = WAIT_SECONDS,
) -> str:
    """An access token that is not ``stale``, good for a minute still where it lives an hour.

    Renews when needed, one holder per portal at a time, and waits so many ``seconds`` for it; a
    valid token costs one command of the store. Raises as ``renew``.
    """
    found = resources.installations.ledger.access(installation.member_id, stale)
    return found or renew(resources, installation, stale, seconds)


def source(
    resources: Resources, installation: Installation, patience: Patience | None = None
) -> Callable[..., str]:
    """A token source for one client: remembers the token until its end or its refusal.

    A token that another process has replaced is served until the first call it fails, not
    longer: the refusal asks the store. A renewal is waited for as long as ``patience`` lasts;
    without one, to its end.
    """
    kept = ("", 0.0)

    def token(stale: str | None = None) -> str:
        nonlocal kept
        access, good_until = kept
        if not access or access == stale or good_until <= time.time():
            access = access_token(resources, installation, stale, _seconds(patience))
            kept = (access, time.time() + KEPT_SECONDS)
        return access

    return token


def whereabouts(
    resources: Resources, installation: Installation, patience: Patience | None = None
) -> Callable[[], str]:
    """Tells one client where its portal is, whenever that answers with a redirect.

    ``patience`` as of ``source``.
    """
    asked = installation.client_endpoint

    def moved() -> str:
        nonlocal asked
        asked = relocate(resources, installation, asked, _seconds(patience))
        return asked

    return moved


def _seconds(patience: Patience | None) -> float:
    """How long a renewal is waited for."""
    return max(SHORTEST, patience.left) if patience else LONGEST_SECONDS


def relocate(
    resources: Resources, installation: Installation, asked: str, seconds: float = WAIT_SECONDS
) -> str:
    """Where a portal has gone that answers with a redirect at the endpoint ``asked``.

    A renewal proves it and the record follows (b24restdocs: change-domen.md). Nothing is spent
    where somebody has found out already, or where a minute ago it was still there; then it is
    ``asked`` that comes back. Raises as ``renew``, and NotInstalled.
    """

    def here() -> str:
        return resources.installations.get(installation.member_id).client_endpoint

    def elsewhere() -> str | None:
        return endpoint if (endpoint := here()) != asked else None

    def work(turn: Turn) -> str:
        if elsewhere() is None:
            turn.locate()
        return here()

    def find() -> str:
        return _in_turn(resources, installation, work, elsewhere)

    name = f"{installation.member_id} at {asked}"
    return elsewhere() or resources.installations.leases.share(name, find, None, seconds)


def renew(
    resources: Resources,
    installation: Installation,
    stale: str | None,
    seconds: float = WAIT_SECONDS,
) -> str:
    """An access token that is not ``stale``, by spending a refresh token if it must be.

    Whoever asks at the same moment, here or in another process, gets the same one. A chain
    that cannot be renewed is marked with its reason and the next takes over. What is being spent
    when the caller's ``seconds`` are over is saved all the same, by a thread of its own.
    Raises AuthorizationLost with the reason (see ``reasons.OPERATOR``) when no chain lives or the
    portal may not have us, AuthServerRefused when our own keys are refused,
    AuthServerUnreachable, Busy when there is nothing in time, StoreUnavailable.
    """
    member_id = installation.member_id

    def found() -> str | None:
        return resources.installations.ledger.access(member_id, stale)

    def work() -> str:
        return _in_turn(resources, installation, lambda turn: turn.access(stale), found)

    return resources.installations.leases.share(member_id, work, stale, seconds)


def renew_chain(resources: Resources, installation: Installation, user_id: int) -> None:
    """Spend the refresh token of this very chain, in use or not, and wait for the end of it.

    For jobs: nobody waits for them. Raises as ``renew``.
    """

    def work() -> str:
        return _in_turn(resources, installation, lambda turn: turn.renew(user_id), lambda: None)

    name = f"{installation.member_id} of {user_id}"
    resources.installations.leases.share(name, work, None, LONGEST_SECONDS)


def lost(resources: Resources, installation: Installation, access: str, reason: str) -> bool:
    """Note that the portal refuses this access token, and why; is there another chain?

    A person who was dismissed or shut out costs the portal that person's chain; anything else is
    the whole portal's trouble. Raises AuthorizationLost, with the person's name, where no chain
    is left, StoreUnavailable.
    """
    ledger, member_id = resources.installations.ledger, installation.member_id
    standing = ledger.read(member_id)
    if reason not in PERSONAL:
        if reason in OPERATOR:
            ledger.note(member_id, standing, reason)
        if reason == UNPAID:
            life.move(resources, member_id, Sign.UNPAID)
        return False
    who = ""
    for facts in standing.chains:
        pair = ledger.open(member_id, facts)
        if pair is None or pair.access != access:
            continue
        who = facts.name
        if facts.living and ledger.mark(member_id, facts, ChainState.DEAD, reason):
            log.warning("portal %s: chain %s: %s", member_id, facts.user_id, OPERATOR[reason])
    if ledger.read(member_id).waiting:
        raise AuthorizationLost(member_id, reason, who)
    return True


def _in_turn(
    resources: Resources,
    installation: Installation,
    work: Callable[[Turn], str],
    found: Callable[[], str | None],
) -> str:
    """What ``work`` returns once the lease is ours, or what is ``found`` after waiting for it.

    When something changed under the holder's hands, it is done anew.
    """
    leases, deadline = resources.installations.leases, time.monotonic() + WAIT_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        lease = leases.take(installation.member_id)
        if not lease.held:
            leases.wait(lease, left)
        else:
            try:
                with leases.holding(lease):
                    return work(Turn(resources, installation, lease.owner))
            except Changed:
                pass
        if access := found():
            return access
    raise Busy(f"waited {WAIT_SECONDS:.1f} s for a renewal")
