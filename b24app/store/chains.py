"""The chains of all portals: sealed pairs, how they stand, and what was about to be spent.

What is no secret stands in plain beside the sealed pair, so that one HGETALL tells everything
and only the chain in use is opened. Every write compares the chain's version first: whoever was
slow never overwrites a newer pair.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from typing import Final

import redis

from b24app import keys
from b24app.crypto import CannotOpen, KeyRing, token_digest
from b24app.errors import NotInstalled
from b24app.records import Chain, ChainFacts, ChainState, Standing, Tokens, used_until
from b24app.store import chain_scripts as scripts
from b24app.store.access import Answers, translated
from b24app.store.chain_text import chain_text, standing_of
from b24app.store.due import DAY, Due
from b24app.store.later import insist

CHAINS_KEPT: Final = 5
# The only copy of a new pair is worth some patience while another server becomes the primary.
SAVING_SECONDS: Final = 8
DIGEST: Final = 12
# So many of the last refresh tokens are known again, with a space between them.
DIGESTS: Final = 5 * (DIGEST + 1) - 1


class Ledger:
    """The chains of all portals."""

    def __init__(
        self, client: redis.Redis, ring: KeyRing, *, patience: float = SAVING_SECONDS
    ) -> None:
        self._redis: Answers = client
        self._patience = patience
        self._ring = ring
        self.due = Due(client)
        self._keep = client.register_script(scripts.KEEP)
        self._save = client.register_script(scripts.SAVE)
        self._mark = client.register_script(scripts.MARK)
        self._begin = client.register_script(scripts.BEGIN)
        self._abandon = client.register_script(scripts.ABANDON)
        self._note = client.register_script(scripts.NOTE)
        self._locate = client.register_script(scripts.LOCATE)
        self._reseal = client.register_script(scripts.RESEAL)

    @translated
    def access(self, member_id: str, stale: str | None = None) -> str | None:
        """The access token in use, not near its end and not ``stale``; None when there is none.

        One command and one decryption: every call of every portal comes through here.
        """
        fields: dict[str, str] = self._redis.hgetall(keys.chains(member_id))
        user = fields.get("use", "")
        entry = fields.get(user)
        if entry is None:
            return None
        _, state, expires, _, sealed, issued, _ = entry.split("|", 6)
        if state != "alive" or used_until(int(issued), int(expires)) <= time.time():
            return None
        try:
            pair = self._ring.open(sealed, f"{member_id} chain {user}")
        except CannotOpen:
            return None
        access = pair.partition("\n")[0]
        return None if access == stale else access

    @translated
    def read(self, member_id: str) -> Standing:
        """How the portal's access stands; nothing is opened."""
        return standing_of(self._redis.hgetall(keys.chains(member_id)))

    def open(self, member_id: str, facts: ChainFacts) -> Tokens | None:
        """The chain's pair; None when no key opens it."""
        try:
            pair = self._ring.open(facts.sealed, f"{member_id} chain {facts.user_id}")
        except CannotOpen:
            return None
        access, _, refresh = pair.partition("\n")
        return Tokens(access, refresh, facts.expires_at)

    def chains(self, member_id: str) -> list[Chain]:
        """The living chains that open, the one in use first, then newest proven first."""
        found = []
        for facts in self.read(member_id).chains:
            tokens = self.open(member_id, facts) if facts.living else None
            if tokens:
                found.append(Chain(facts.user_id, tokens, facts.proven_at, facts.name))
        return found

    @translated
    def keep(self, member_id: str, chain: Chain) -> bool:
        """Keep this administrator's newest proven pair, and use it from now on.

        A page that is loaded again brings a pair for the second time: then what was made of it
        meanwhile stays, and a renewal under way goes on. Clears the portal's trouble. Beyond five
        chains the dead and then the oldest go. Returns whether the portal had been waiting for
        this. Raises NotInstalled, and keeps nothing, where no installation is.
        """
        moment = time.time()
        now = int(moment)
        sealed = self._seal(member_id, chain.user_id, chain.tokens)
        rest = chain_text(chain.tokens.expires_at, chain.proven_at, sealed, now, chain.name)
        self.due.put(member_id, chain.user_id, now)
        args: list[str | int] = [chain.user_id, rest, CHAINS_KEPT, int(moment * 1000)]
        args += [_digest(member_id, chain.tokens), DIGESTS, secrets.token_hex(4)]
        names = [keys.chains(member_id), keys.installation(member_id)]
        answer: str | None = self._keep(keys=names, args=args)
        if answer is None:
            self.forget_all_due(member_id, [chain.user_id])
            raise NotInstalled(member_id)
        waited, *dropped = answer.split()
        for user_id in dropped:
            self.due.forget(member_id, user_id)
        return waited == "1"

    @translated
    def begin(self, member_id: str, facts: ChainFacts, owner: str) -> bool:
        """Note that ``owner`` is about to spend this chain's refresh token: it is tried now.

        False, and nothing noted, when the chain has changed or the lease is not the owner's
        any more.
        """
        return bool(
            self._begin(
                keys=[keys.chains(member_id), keys.renewing(member_id)],
                args=[facts.user_id, facts.version, owner, int(time.time())],
            )
        )

    @translated
    def abandon(self, member_id: str, facts: ChainFacts, owner: str) -> None:
        """Nothing was spent after all: take the owner's intent back."""
        self._abandon(keys=[keys.chains(member_id)], args=[facts.user_id, facts.version, owner])

    @translated
    def save(self, member_id: str, spent: ChainFacts, tokens: Tokens, *, use: bool = True) -> bool:
        """Put the new pair where ``spent`` still stands; False when something newer is there.

        Clears the portal's trouble and the intent. ``use`` makes it the chain in use. When the
        store does not take it for some seconds, StoreUnavailable; a thread goes on trying.
        """
        now = int(time.time())
        sealed = self._seal(member_id, spent.user_id, tokens)
        rest = chain_text(tokens.expires_at, spent.proven_at, sealed, now, spent.name)
        args: list[str | int] = [spent.user_id, spent.version, rest, sealed, int(use)]
        old = self.open(member_id, spent)
        args += [_digest(member_id, tokens), _digest(member_id, old) if old else "", DIGESTS]

        def write() -> bool:
            saved: int = self._save(keys=[keys.chains(member_id)], args=args)
            if saved:
                self.due.put(member_id, spent.user_id, now)
            return bool(saved)

        return insist(write, self._patience)

    @translated
    def mark(
        self,
        member_id: str,
        facts: ChainFacts,
        state: ChainState,
        reason: str = "",
        *,
        use: bool = False,
    ) -> bool:
        """Note how the chain stands, and that it was tried now; False when it has changed.

        ``use`` makes it the chain in use. As long as its record stands it stays due: one that
        does not live is tried again, later each time.
        """
        args: list[str | int] = [facts.user_id, facts.version, state.value, reason]
        args += [int(time.time()), int(use)]
        marked = bool(self._mark(keys=[keys.chains(member_id)], args=args))
        if marked and state is ChainState.ALIVE:
            self.due.put(member_id, facts.user_id, facts.issued_at)
        elif marked and state is ChainState.UNREADABLE:
            self.due.put_off(member_id, facts.user_id, time.time() + DAY)
        elif marked:
            died = time.time() if facts.living else facts.since
            self.due.try_again(member_id, facts.user_id, died)
        return marked

    @translated
    def note(self, member_id: str, standing: Standing, reason: str, refused_keys: str = "") -> None:
        """Note what keeps the whole portal from renewing, unless a pair was saved meanwhile.

        ``refused_keys`` names the application keys, where they are the reason.
        """
        args: list[str | int] = [standing.generation, reason, int(time.time()), refused_keys]
        self._note(keys=[keys.chains(member_id)], args=args)

    @translated
    def locate(self, member_id: str, standing: Standing) -> bool:
        """Note that a pair is spent now to learn where the portal has moved.

        False, and nothing noted, when a pair was saved meanwhile.
        """
        args = [standing.generation, int(time.time())]
        return bool(self._locate(keys=[keys.chains(member_id)], args=args))

    @translated
    def clear_trouble(self, member_id: str) -> None:
        """The portal has let us in."""
        self._redis.hdel(keys.chains(member_id), "trouble")

    @translated
    def drop_of(self, member_id: str, user_id: int) -> None:
        """Forget the chain of a person who is no administrator any more."""
        fields = (str(user_id), f"journal {user_id}", f"was {user_id}")
        self._redis.hdel(keys.chains(member_id), *fields)
        self.due.forget(member_id, user_id)

    @translated
    def remove(self, member_id: str) -> None:
        """Forget every chain of the portal, and that they were to be kept alive."""
        users = self.users(member_id)
        self._redis.delete(keys.chains(member_id), keys.renewing(member_id))
        self.forget_all_due(member_id, users)

    @translated
    def users(self, member_id: str) -> list[int]:
        """Whose chains there are."""
        return [int(user) for user in self._redis.hkeys(keys.chains(member_id)) if user.isdigit()]

    @translated
    def forget_all_due(self, member_id: str, users: Collection[int]) -> None:
        """The chains of these people are gone; one that was kept again meanwhile stays due."""
        for user in users:
            self.due.forget(member_id, user)
        for facts in self.read(member_id).chains:
            self.due.put(member_id, facts.user_id, facts.issued_at)

    @translated
    def reseal(self, member_id: str) -> int:
        """Seal every pair of the portal with the newest key; returns how many were not yet.

        What changes meanwhile is sealed with the newest key anyway and left alone.
        """
        done = 0
        for facts in self.read(member_id).chains:
            tokens = None if self._ring.is_newest(facts.sealed) else self.open(member_id, facts)
            if tokens:
                sealed = self._seal(member_id, facts.user_id, tokens)
                done += self._reseal(
                    keys=[keys.chains(member_id)],
                    args=[facts.user_id, facts.version, facts.sealed, sealed],
                )
        return done

    def unreadable(self, member_id: str) -> list[str]:
        """The chains no key opens, as ``chain <user id>``."""
        chains = self.read(member_id).chains
        return [f"chain {facts.user_id}" for facts in chains if not self.open(member_id, facts)]

    def _seal(self, member_id: str, user_id: int, tokens: Tokens) -> str:
        return self._ring.seal(f"{tokens.access}\n{tokens.refresh}", f"{member_id} chain {user_id}")


def _digest(member_id: str, tokens: Tokens) -> str:
    """Names a refresh token without holding it."""
    return token_digest(f"{member_id} refresh", tokens.refresh)[:DIGEST]
