"""All portals: who has installed us, and their chains, sealed."""

from __future__ import annotations

import dataclasses
import json
import secrets
import time
from contextlib import AbstractContextManager
from typing import Final

import redis

from b24app import keys
from b24app.crypto import CannotOpen, KeyRing
from b24app.errors import NotInstalled
from b24app.records import Chain, Installation, Tokens
from b24app.store.access import Answers, locked, translated

CHAINS_KEPT: Final = 5
REFRESH_LOCK_SECONDS: Final = 30
CONFIRMING_SECONDS: Final = 600
OAUTH_STATE_SECONDS: Final = 600

# Replaces one chain only while it still holds the refresh token that was spent, so that a slow
# writer never overwrites a newer pair. Returns 1 when replaced.
REPLACE_CHAIN: Final = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1])
else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 1
"""


class Installations:
    """All portals: who has installed us, and their chains, sealed."""

    def __init__(self, client: redis.Redis, ring: KeyRing) -> None:
        self._redis: Answers = client
        self._ring = ring
        self._replace_chain = client.register_script(REPLACE_CHAIN)

    @translated
    def ping(self) -> None:
        """Raises StoreUnavailable when Redis does not answer."""
        self._redis.ping()

    @translated
    def get(self, member_id: str) -> Installation:
        """The portal's installation; raises NotInstalled."""
        fields: dict[str, str] = self._redis.hgetall(keys.installation(member_id))
        if not fields:
            raise NotInstalled(member_id)
        return Installation(
            member_id=member_id,
            domain=fields["domain"],
            client_endpoint=fields["client_endpoint"],
            server_endpoint=fields["server_endpoint"],
            scope=tuple(fields["scope"].split()),
            status=fields["status"],
            application_token=self._application_token(member_id, fields["application_token"]),
            installed_by=int(fields["installed_by"]),
            installed_at=int(fields["installed_at"]),
            language=fields["language"],
            license=fields.get("license", ""),
        )

    def _application_token(self, member_id: str, sealed: str) -> str:
        """Empty when no key opens it: then no event is believed until the next install."""
        try:
            return self._ring.open(sealed, f"{member_id} application_token") if sealed else ""
        except CannotOpen:
            return ""

    @translated
    def save(self, installation: Installation) -> None:
        """Store the installation, replacing what was there for its member id."""
        m = installation.member_id
        token = installation.application_token
        self._redis.hset(
            keys.installation(m),
            mapping={
                "domain": installation.domain,
                "client_endpoint": installation.client_endpoint,
                "server_endpoint": installation.server_endpoint,
                "scope": " ".join(installation.scope),
                "status": installation.status,
                "application_token": self._ring.seal(token, f"{m} application_token")
                if token
                else "",
                "installed_by": installation.installed_by,
                "installed_at": installation.installed_at,
                "language": installation.language,
                "license": installation.license,
            },
        )
        self._redis.sadd(keys.portals(), m)

    @translated
    def remove(self, member_id: str) -> None:
        """Delete everything of the portal."""
        self._redis.delete(*keys.of_portal(member_id))
        self._redis.srem(keys.portals(), member_id)

    @translated
    def remove_secrets(self, member_id: str) -> None:
        """Delete the installation and its chains; what was made for the portal stays."""
        self._redis.delete(keys.installation(member_id), keys.chains(member_id))
        self._redis.srem(keys.portals(), member_id)

    @translated
    def member_ids(self) -> list[str]:
        """All portals that have installed us."""
        return sorted(self._redis.smembers(keys.portals()))

    @translated
    def chains(self, member_id: str) -> list[Chain]:
        """The portal's chains, newest proven first; one that no key opens is left out."""
        sealed: dict[str, str] = self._redis.hgetall(keys.chains(member_id))
        chains = (self._open_chain(member_id, int(user), text) for user, text in sealed.items())
        known = [chain for chain in chains if chain]
        return sorted(known, key=lambda chain: chain.proven_at, reverse=True)

    def _open_chain(self, member_id: str, user_id: int, sealed: str) -> Chain | None:
        try:
            fields = json.loads(self._ring.open(sealed, f"{member_id} chain {user_id}"))
        except CannotOpen:
            return None
        return Chain(user_id, Tokens(**fields["tokens"]), fields["proven_at"])

    def _seal_chain(self, member_id: str, chain: Chain) -> str:
        text = json.dumps(
            {"tokens": dataclasses.asdict(chain.tokens), "proven_at": chain.proven_at}
        )
        return self._ring.seal(text, f"{member_id} chain {chain.user_id}")

    @translated
    def keep_chain(self, member_id: str, chain: Chain) -> None:
        """Keep this administrator's newest proven pair; the oldest beyond five goes."""
        name = keys.chains(member_id)
        self._redis.hset(name, str(chain.user_id), self._seal_chain(member_id, chain))
        for surplus in self.chains(member_id)[CHAINS_KEPT:]:
            self._redis.hdel(name, str(surplus.user_id))

    def replace_chain(self, member_id: str, spent: Chain, successor: Chain) -> bool:
        """Put the successor where ``spent`` still stands; False when something newer is there."""
        return self._swap(member_id, spent, self._seal_chain(member_id, successor))

    def drop_chain(self, member_id: str, dead: Chain) -> bool:
        """Forget a chain that is dead, unless something newer took its place."""
        return self._swap(member_id, dead, "")

    @translated
    def drop_chain_of(self, member_id: str, user_id: int) -> None:
        """Forget the chain of a person who is no administrator any more."""
        self._redis.hdel(keys.chains(member_id), str(user_id))

    @translated
    def _swap(self, member_id: str, expected: Chain, replacement: str) -> bool:
        name, user = keys.chains(member_id), str(expected.user_id)
        stands: str | None = self._redis.hget(name, user)
        if stands is None or self._open_chain(member_id, expected.user_id, stands) != expected:
            return False
        return bool(self._replace_chain(keys=[name], args=[user, stands, replacement]))

    def refresh_lock(self, member_id: str) -> AbstractContextManager[None]:
        """One holder per portal renews tokens; waits for its turn, else Busy."""
        return locked(self._redis, keys.refresh_lock(member_id), REFRESH_LOCK_SECONDS)

    def start_code_flow(self, domain: str) -> str:
        """The ``state`` of a code flow for this portal; nothing is stored until it comes back."""
        nonce = secrets.token_urlsafe(12)
        return self._ring.seal(json.dumps([nonce, int(time.time()), domain]), "oauth state")

    @translated
    def take_code_flow(self, state: str) -> str | None:
        """The portal a code flow was started for; None when not here, too old, or taken."""
        try:
            nonce, started, domain = json.loads(self._ring.open(state, "oauth state"))
        except CannotOpen:
            return None
        if started + OAUTH_STATE_SECONDS < time.time():
            return None
        first = self._redis.set(keys.oauth_state(nonce), "", nx=True, ex=OAUTH_STATE_SECONDS)
        return str(domain) if first else None

    @translated
    def begin_confirmation(self, member_id: str) -> bool:
        """Whether nobody confirms an uninstall of this portal yet; from now on somebody does."""
        name = keys.confirming(member_id)
        return bool(self._redis.set(name, "", nx=True, ex=CONFIRMING_SECONDS))

    @translated
    def end_confirmation(self, member_id: str) -> None:
        """The confirmation came to its end."""
        self._redis.delete(keys.confirming(member_id))
