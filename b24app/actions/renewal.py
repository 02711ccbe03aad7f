"""What the one does who may renew a portal's tokens: which chain, what its answer means."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from contextlib import suppress
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from b24app.actions import life
from b24app.actions.candidates import candidates, may_be_tried, near_end, recent
from b24app.actions.life import Sign
from b24app.actions.reasons import (
    DEAD_CHAIN,
    GONE,
    ODD_ANSWER,
    OPERATOR,
    UNPAID,
    WRONG_KEYS,
    reason_of,
)
from b24app.bitrix.oauth import Grant
from b24app.errors import (
    AuthorizationLost,
    AuthServerRefused,
    AuthServerUnreachable,
    B24AppError,
    NotInstalled,
    StoreUnavailable,
)
from b24app.records import (
    ChainFacts,
    ChainState,
    Installation,
    Tokens,
)
from b24app.resources import Resources

# Past this no further request is begun; the caller has waited long enough.
ASKING_SECONDS: Final = 8

log = logging.getLogger(__name__)


class Changed(Exception):
    """The chain or the lease is not what it was; nothing was overwritten."""


class Turn:
    """One turn of the holder of a portal's lease."""

    def __init__(self, resources: Resources, installation: Installation, owner: str) -> None:
        self._resources = resources
        self._installation = installation
        self._member_id = installation.member_id
        self._owner = owner
        self._ledger = resources.installations.ledger
        self._standing = self._ledger.read(self._member_id)
        self._until = time.monotonic() + ASKING_SECONDS
        self._error: B24AppError | None = None
        self._closed = False  # no other token is to be shown any more
        self._lost = 0
        if lately := self._refused_lately():
            self._error, self._closed = lately, True

    def _refused_lately(self) -> B24AppError | None:
        """The refusal of a minute ago that showing a token again would only repeat.

        Of the keys that were refused these very ones: new ones are tried at once.
        """
        trouble = self._standing.trouble
        if trouble is None or not recent(trouble.asked_at):
            return None
        if trouble.reason == ODD_ANSWER:
            return AuthServerUnreachable(ODD_ANSWER, sent=False)
        if trouble.reason == WRONG_KEYS and trouble.keys == fingerprint(self._resources):
            return AuthServerRefused(WRONG_KEYS)
        return None

    def access(self, stale: str | None) -> str:
        """An access token not near its end and not ``stale``, from the first chain that has one.

        Raises AuthorizationLost, AuthServerRefused, AuthServerUnreachable, Changed,
        StoreUnavailable.
        """
        trouble = self._standing.trouble
        if trouble and trouble.reason in {UNPAID, *GONE} and recent(trouble.asked_at):
            raise AuthorizationLost(self._member_id, trouble.reason)
        for facts in candidates(self._standing):
            access = self._from(facts, stale)
            if access:
                return access
        raise self._error or self._nothing_left()

    def renew(self, user_id: int) -> str:
        """Spend this one chain's refresh token, unless it ended and was tried within a minute.

        Raises as ``access``.
        """
        found = [facts for facts in self._standing.chains if facts.user_id == user_id]
        access = None
        if found and may_be_tried(found[0]):
            access = self._spend_opened(found[0], use=False)
        if access is None:
            raise self._error or self._nothing_left(user_id)
        return access

    def locate(self) -> None:
        """Spend a pair so that the answer tells where the portal is, once a minute at most.

        The record follows. Raises as ``access``.
        """
        if recent(self._standing.located_at):
            return
        if not self._ledger.locate(self._member_id, self._standing):
            raise Changed
        self.access(self._ledger.access(self._member_id))

    def _nothing_left(self, user_id: int | None = None) -> AuthorizationLost:
        """With the reason of the person's chain, or of the one that was in use last."""
        for facts in self._ledger.read(self._member_id).chains:
            if user_id in (None, facts.user_id):
                reason = facts.reason or facts.state.value
                return AuthorizationLost(self._member_id, reason, facts.name)
        return AuthorizationLost(self._member_id, "no_chain")

    def _from(self, facts: ChainFacts, stale: str | None) -> str | None:
        tokens = self._open(facts)
        if tokens is None:
            return None
        ended = facts.state in (ChainState.DEAD, ChainState.SPENT)
        if not ended and tokens.access != stale and not near_end(facts):
            if facts.state is not ChainState.ALIVE:
                self._mark(facts, ChainState.ALIVE, use=True)
            return tokens.access
        return self._spend(facts, tokens, use=True)

    def _spend_opened(self, facts: ChainFacts, *, use: bool) -> str | None:
        tokens = self._open(facts)
        return self._spend(facts, tokens, use=use) if tokens else None

    def _open(self, facts: ChainFacts) -> Tokens | None:
        tokens = self._ledger.open(self._member_id, facts)
        if tokens is None and facts.state is not ChainState.UNREADABLE:
            self._mark(facts, ChainState.UNREADABLE, "unreadable")
        return tokens

    def _spend(self, facts: ChainFacts, tokens: Tokens, *, use: bool) -> str | None:
        """Note the intent, spend, save; None when this chain gives nothing.

        Raises Unproven, with nothing noted, for a server that is not on the list any more.
        """
        if self._closed:
            return None
        if time.monotonic() > self._until:
            self._error = self._error or AuthServerUnreachable("no time left", sent=False)
            self._closed = True
            return None
        server = self._resources.oauth.server_of(self._installation.server_endpoint)
        if not self._ledger.begin(self._member_id, facts, self._owner):
            raise Changed
        grant = self._ask(server, facts, tokens.refresh)
        if grant is None:
            return None
        if not self._ledger.save(self._member_id, facts, grant.tokens, use=use):
            raise Changed
        self._count("ok")
        with suppress(StoreUnavailable):  # the next one wakes it as well
            self._resources.installations.turns.wake(self._member_id)
        with suppress(StoreUnavailable):  # somebody else's renewal will tell as well
            known = self._resources.installations
            known.note_keys(fingerprint(self._resources), self._member_id)
        self._follow(grant)
        return grant.tokens.access

    def _ask(self, server: str, facts: ChainFacts, refresh: str) -> Grant | None:
        """Show the token; once more when the answer was lost, for some servers are lenient."""
        shown = facts.maybe_spent or facts.state is ChainState.SPENT
        for last in (False, True):
            try:
                grant = self._resources.oauth.refresh(server, refresh)
            except AuthServerRefused as exc:
                self._refused(facts, exc, shown)
                return None
            except AuthServerUnreachable as exc:
                if not exc.sent or last or time.monotonic() > self._until:
                    self._unanswered(facts, exc, shown)
                    return None
                self._count("lost")
                shown = True
            else:
                if grant.member_id == self._member_id:
                    return grant
                # Another portal's token was slipped in.
                self._refused(facts, AuthServerRefused("invalid_grant"), shown=False)
                return None
        return None

    def _refused(self, facts: ChainFacts, error: AuthServerRefused, shown: bool) -> None:
        """Blame whom the answer blames: this chain, our keys, or the portal (AuthorizationLost).

        ``shown``: the token may have been spent before, by a holder that never heard the answer.
        """
        if error.code in DEAD_CHAIN:
            state = ChainState.SPENT if shown else ChainState.DEAD
            self._mark(facts, state, "spent" if shown else error.code)
            self._count(state.value)
            return
        if not shown:
            self._ledger.abandon(self._member_id, facts, self._owner)
        reason = reason_of(error.code)
        refused_keys = fingerprint(self._resources) if reason == WRONG_KEYS else ""
        self._ledger.note(self._member_id, self._standing, reason, refused_keys)
        self._count(reason)
        if reason == UNPAID:
            life.move(self._resources, self._member_id, Sign.UNPAID)
        if reason in {UNPAID, *GONE}:
            raise AuthorizationLost(self._member_id, reason) from error
        log.error("portal %s: %s (%s)", self._member_id, OPERATOR[reason], error.code)
        self._lost += 1
        if reason == WRONG_KEYS:
            self._error, self._closed = error, True
        else:
            unheard = AuthServerUnreachable(error.code, sent=False)
            self._error, self._closed = unheard, self._lost > 1

    def _unanswered(self, facts: ChainFacts, error: AuthServerUnreachable, shown: bool) -> None:
        """Nobody's token is blamed. After one answer that was lost a spare may be shown still;
        after two, or without a connection, no other token is risked."""
        if not error.sent and not shown:
            self._ledger.abandon(self._member_id, facts, self._owner)
        self._ledger.note(self._member_id, self._standing, "unreachable")
        self._count("unreachable")
        self._lost += 1
        self._error, self._closed = error, self._lost > 1 or not error.sent

    def _mark(
        self, facts: ChainFacts, state: ChainState, reason: str = "", *, use: bool = False
    ) -> None:
        if not self._ledger.mark(self._member_id, facts, state, reason, use=use):
            raise Changed
        if reason:
            text = OPERATOR[reason]
            log.warning("portal %s: chain %s: %s", self._member_id, facts.user_id, text)

    def _follow(self, grant: Grant) -> None:
        """The portal was renamed; the authorization server has said where it is now."""
        if grant.client_endpoint == self._installation.client_endpoint:
            return
        installations = self._resources.installations
        domain = urlsplit(grant.client_endpoint).netloc
        with suppress(NotInstalled):  # removed in this very moment; it does not come back
            known = installations.get(self._member_id)
            now = replace(known, client_endpoint=grant.client_endpoint, domain=domain)
            if "domain" in installations.update(known, now):
                life.renamed(self._resources, self._member_id, known.domain, domain)

    def _count(self, outcome: str) -> None:
        with suppress(StoreUnavailable):  # the pair matters, not the number
            self._resources.counters.add("renewals", outcome)


def fingerprint(resources: Resources) -> str:
    """Names the keys the authorization server is asked with, and tells nothing of them."""
    settings = resources.settings
    parts = (settings.client_id, settings.client_secret, settings.client_secret_previous or "")
    text = "\n".join(parts).encode()
    return hmac.new(settings.secret_key.encode(), text, hashlib.sha256).hexdigest()[:32]
