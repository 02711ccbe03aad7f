"""Refresh tokens that nobody uses are renewed before they end; nothing else is, by schedule."""

from __future__ import annotations

import time
from typing import Final

from b24app.actions import tokens
from b24app.errors import (
    AuthorizationLost,
    AuthServerRefused,
    AuthServerUnreachable,
    Busy,
    NotInstalled,
    Unproven,
)
from b24app.records import ChainFacts, ChainState, Installation
from b24app.resources import Resources
from b24app.store.due import DAY, KEEP_ALIVE_DAYS, REFRESH_DAYS, SPREAD_DAYS, due_moment

AGAIN_SECONDS: Final = 3600
YOUNG_SECONDS: Final = (KEEP_ALIVE_DAYS - SPREAD_DAYS) * DAY
WEEK: Final = 7 * DAY
# The portal does not let this person in: a new pair would only look as if it did.
SHUT_OUT: Final = frozenset({"authorization_error", "user_access_error"})


def sweep(resources: Resources, limit: int) -> int:
    """Renew at most ``limit`` chains, spares too, that have not been for about 120 days.

    What does not live is tried as well, some times while its refresh token may still be good: one
    odd answer, or one process with the wrong keys, ends nothing.
    Costs what is due, however many portals there are; two sweeps at once share the work. What
    could not be renewed comes again, in some hours or in a day, and behind those it kept waiting.
    Returns how many were renewed. Raises StoreUnavailable.
    """
    now = time.time()
    due = resources.installations.ledger.due.take(limit, now, now + AGAIN_SECONDS)
    silent: set[str] = set()
    return sum(_keep(resources, member_id, user_id, silent) for member_id, user_id in due)


def _keep(resources: Resources, member_id: str, user_id: int, silent: set[str]) -> bool:
    """Whether it was renewed; not tried at authorization servers that are ``silent`` just now."""
    ledger = resources.installations.ledger
    installation, facts = _find(resources, member_id, user_id)
    if installation is None or facts is None or _is_past_hope(facts):
        ledger.due.forget(member_id, user_id)
        return False
    if moment := _too_early(facts):
        ledger.due.put_off(member_id, user_id, moment)
        return False
    if installation.server_endpoint in silent:
        return False
    try:
        tokens.renew_chain(resources, installation, user_id)
    except (AuthorizationLost, AuthServerRefused, NotInstalled, Unproven):
        ledger.due.put_off(member_id, user_id, time.time() + DAY)
    except AuthServerUnreachable:
        silent.add(installation.server_endpoint)
        ledger.due.put_off(member_id, user_id, time.time() + 2 * AGAIN_SECONDS)
    except Busy:
        pass  # somebody else is at it; it comes again in an hour
    else:
        return True
    return False


def _is_past_hope(facts: ChainFacts) -> bool:
    """Whether it ended, and its refresh token's time is over as well."""
    ended = facts.state in (ChainState.DEAD, ChainState.SPENT)
    return ended and facts.issued_at + REFRESH_DAYS * DAY < time.time()


def _too_early(facts: ChainFacts) -> float | None:
    """When to look at it again, where it is not to be renewed now."""
    if facts.state is ChainState.DEAD and facts.reason in SHUT_OUT:
        return time.time() + WEEK
    ended = facts.state in (ChainState.DEAD, ChainState.SPENT)
    if not ended and facts.issued_at + YOUNG_SECONDS > time.time():
        return due_moment(facts.issued_at)
    return None


def _find(
    resources: Resources, member_id: str, user_id: int
) -> tuple[Installation | None, ChainFacts | None]:
    try:
        installation = resources.installations.get(member_id)
    except NotInstalled:
        return None, None
    chains = resources.installations.ledger.read(member_id).chains
    return installation, next((facts for facts in chains if facts.user_id == user_id), None)
