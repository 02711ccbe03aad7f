"""A valid access token for a portal, renewed by one holder at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from b24app.errors import AuthorizationLost, AuthServerRefused
from b24app.records import Chain, Installation
from b24app.resources import Resources

EARLY_SECONDS: Final = 60
KEPT_SECONDS: Final = 30  # well within what EARLY_SECONDS leaves
# This person's grant is over, another chain may live (b24restdocs: settings/oauth).
DEAD_CHAIN: Final = frozenset({"invalid_grant", "invalid_request"})
# Our own keys are refused: the operator's fault, and nobody's chain is to blame.
WRONG_KEYS: Final = frozenset({"invalid_client", "wrong_client"})


def access_token(resources: Resources, installation: Installation, stale: str | None = None) -> str:
    """An access token good for at least 60 seconds, and not ``stale``.

    Renews when needed, one holder per portal at a time. Raises AuthorizationLost,
    AuthServerUnreachable, StoreUnavailable.
    """
    for chain in resources.installations.chains(installation.member_id)[:1]:
        if is_good(chain, stale):
            return chain.tokens.access
    return renew(resources, installation, stale)


def source(resources: Resources, installation: Installation) -> Callable[..., str]:
    """A token source for one client: remembers the token until its end or its refusal.

    A token that another process has replaced is served until the first call it fails, not
    longer: the refusal asks the store.
    """
    kept = ("", 0.0)

    def token(stale: str | None = None) -> str:
        nonlocal kept
        access, good_until = kept
        if not access or access == stale or good_until <= time.time():
            access = access_token(resources, installation, stale)
            kept = (access, time.time() + KEPT_SECONDS)
        return access

    return token


def relocate(resources: Resources, installation: Installation) -> str:
    """Where a portal that answers with a redirect has gone, as a renewal proves it.

    The record follows (b24restdocs: change-domen.md). Raises as ``renew``.
    """
    chains = resources.installations.chains(installation.member_id)
    renew(resources, installation, chains[0].tokens.access if chains else None)
    return resources.installations.get(installation.member_id).client_endpoint


def renew(resources: Resources, installation: Installation, stale: str | None) -> str:
    """Spend a refresh token, unless somebody else did while we waited for our turn.

    A chain that the authorization server calls dead is dropped and the next one is tried.
    Raises AuthorizationLost with the reason: ``invalid_grant`` when the last chain died now,
    ``no_chain`` when there was none; AuthServerRefused when our own keys are refused.
    """
    member_id, reason = installation.member_id, "no_chain"
    with resources.installations.refresh_lock(member_id):
        for chain in resources.installations.chains(member_id):
            if is_good(chain, stale):
                return chain.tokens.access
            try:
                return _renew_chain(resources, installation, chain)
            except AuthServerRefused as exc:
                if exc.code in WRONG_KEYS:
                    raise
                if exc.code not in DEAD_CHAIN:
                    raise AuthorizationLost(member_id, exc.code) from exc
                resources.installations.drop_chain(member_id, chain)
                reason = "invalid_grant"
    raise AuthorizationLost(member_id, reason)


def _renew_chain(resources: Resources, installation: Installation, chain: Chain) -> str:
    server = resources.oauth.server_of(installation.server_endpoint)
    grant = resources.oauth.refresh(server, chain.tokens.refresh)
    if grant.member_id != installation.member_id:
        raise AuthServerRefused("invalid_grant")  # another portal's token was slipped in
    successor = Chain(chain.user_id, grant.tokens, chain.proven_at)
    resources.installations.replace_chain(installation.member_id, chain, successor)
    if grant.client_endpoint != installation.client_endpoint:
        _follow(resources, installation.member_id, grant.client_endpoint)
    resources.counters.add("renewals", "ok")
    return grant.tokens.access


def _follow(resources: Resources, member_id: str, endpoint: str) -> None:
    """The portal was renamed; the authorization server has said where it is now."""
    current = resources.installations.get(member_id)
    domain = urlsplit(endpoint).netloc
    resources.installations.save(replace(current, client_endpoint=endpoint, domain=domain))


def is_good(chain: Chain, stale: str | None) -> bool:
    """Whether the chain's access token can be used: not the stale one, not near its end."""
    tokens = chain.tokens
    return tokens.access != stale and tokens.expires_at - EARLY_SECONDS > time.time()
