"""All portals: who has installed us, and their chains, sealed."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from typing import Final

import redis

from b24app import keys
from b24app.crypto import CannotOpen, KeyRing, token_digest
from b24app.errors import NotInstalled
from b24app.records import Chain, Installation, Life
from b24app.store import installation_scripts as scripts
from b24app.store import later
from b24app.store.access import Answers, translated
from b24app.store.chains import Ledger
from b24app.store.changes import Line
from b24app.store.departures import Departures
from b24app.store.drift import Turns
from b24app.store.lease import Leases
from b24app.store.overview import Overview
from b24app.store.removals import Removals

SCAN_COUNT: Final = 500
OAUTH_STATE_SECONDS: Final = 600
KEYS_PROVEN_SECONDS: Final = 30 * 86400

TOKEN_FIELD: Final = "application_token"  # noqa: S105 a field's name
DIGEST_FIELD: Final = "application_token_digest"
# A domain goes with its address.
GUARDS: Final = {"domain": "client_endpoint"}


class Installations:
    """All portals: who has installed us, and their chains, sealed."""

    def __init__(self, client: redis.Redis, ring: KeyRing) -> None:
        self._redis: Answers = client
        self._ring = ring
        self._update = client.register_script(scripts.UPDATE)
        self.departures = Departures(client)
        self.ledger = Ledger(client, ring)
        self.leases = Leases(client)
        self.overview = Overview(client)
        self.turns = Turns(client)
        self.removals = Removals(client, self.ledger, self.turns)

    def settle(self) -> None:
        """Return when no renewal of this process is under way and each pair is saved, or when that
        takes too long. For a process that ends without waiting for its threads."""
        self.leases.settle()
        later.settle()

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
            client_id=fields.get("client_id", ""),
            addresses=tuple(fields.get("addresses", "").split()),
            state=Life(fields.get("state", Life.NEW)),
            since=int(fields.get("since", 0)),
            refuted_at=int(fields.get("refuted_at", 0)),
        )

    def _application_token(self, member_id: str, sealed: str) -> str:
        """Empty when no key opens it; events are proven all the same, by the digest beside it."""
        try:
            return self._ring.open(sealed, f"{member_id} application_token") if sealed else ""
        except CannotOpen:
            return ""

    def _seal_application_token(self, member_id: str, token: str) -> str:
        return self._ring.seal(token, f"{member_id} application_token")

    @translated
    def save(self, installation: Installation) -> None:
        """Store the installation, replacing what was there for its member id: an install.

        Its state, and the addresses its events are bound to, are not touched.
        """
        m, token = installation.member_id, installation.application_token
        fields: dict[str, str | int] = {
            **_texts(installation),
            TOKEN_FIELD: self._seal_application_token(m, token) if token else "",
            DIGEST_FIELD: token_digest(m, token),
            "installed_by": installation.installed_by,
            "installed_at": installation.installed_at,
            "client_id": installation.client_id,
        }
        # Before: whoever is killed in between leaves no portal that the index does not name.
        # After: a removal under way may have struck it out while there was no record yet.
        self._redis.sadd(keys.portals(), m)
        self._redis.hset(keys.installation(m), mapping=fields)
        self._redis.sadd(keys.portals(), m)

    @translated
    def update(self, known: Installation, changed: Installation) -> frozenset[str]:
        """Store what ``changed`` says differently from ``known``, which was read before.

        A field that somebody has written meanwhile stays as it is now, and a record that is gone
        does not come back. Returns the names of the fields that now stand as wished; facts of
        the install, state and addresses are never among them. Raises NotInstalled where no record
        is.
        """
        before, after = _texts(known), _texts(changed)
        steps: list[str] = []
        for name, text in after.items():
            if text != before[name]:
                guard = GUARDS.get(name, name)
                steps += [guard, before[guard], name, text]
        if changed.application_token != known.application_token:
            steps += self._new_token(known, changed.application_token)
        if not steps:
            return frozenset()
        written = self._update(keys=[keys.installation(known.member_id)], args=steps)
        if not written:
            raise NotInstalled(known.member_id)
        return frozenset(written[1:])

    def _new_token(self, known: Installation, token: str) -> list[str]:
        """How the application token is replaced while it is still the known one."""
        m = known.member_id
        stands = token_digest(m, known.application_token)
        if not stands:  # there was none, or one that no key opens
            sealed, digest = self._redis.hmget(keys.installation(m), TOKEN_FIELD, DIGEST_FIELD)
            stands = "" if self._application_token(m, sealed or "") else (digest or "")
        sealed = self._seal_application_token(m, token) if token else ""
        guard = [DIGEST_FIELD, stands]
        return [*guard, TOKEN_FIELD, sealed, *guard, DIGEST_FIELD, token_digest(m, token)]

    def remove(self, member_id: str, departure: str = "") -> bool:
        """Delete everything of the portal; False when this departure has ended meanwhile."""
        return self.removals.everything(member_id, departure)

    def remove_secrets(self, member_id: str, departure: str = "", line: Line = ()) -> bool:
        """Delete the installation, its chains, events and runs; what was made there stays.

        The ``line`` of history, see ``History.arguments``, is written in the same step. False, and
        nothing deleted, when this departure has ended meanwhile.
        """
        return self.removals.secrets(member_id, departure, line)

    def strike_out(self, member_id: str) -> None:
        """Take a portal that was removed off every index; one that is installed again stays.

        For after a removal that was cut off; looks through all that is due.
        """
        self.removals.strike_out(member_id)

    @translated
    def note_keys(self, fingerprint: str, member_id: str) -> None:
        """A portal was renewed with the keys of this fingerprint, now."""
        text = f"{token_digest('keys', member_id)} {int(time.time())}"
        self._redis.set(keys.keys_proven(fingerprint), text, ex=KEYS_PROVEN_SECONDS)

    @translated
    def keys_proven_at(self, fingerprint: str, member_id: str) -> int:
        """When another portal than this one was last renewed with these keys; 0: not known."""
        who, _, moment = (self._redis.get(keys.keys_proven(fingerprint)) or "").partition(" ")
        return int(moment) if moment and who != token_digest("keys", member_id) else 0

    @translated
    def member_ids(self) -> list[str]:
        """All portals that have installed us."""
        return sorted(self._redis.smembers(keys.portals()))

    def scan(self) -> Iterator[str]:
        """Every portal that has installed us, a few at a time; one may come twice.

        Raises StoreUnavailable.
        """
        names = self._redis.sscan_iter(keys.portals(), count=SCAN_COUNT)
        while (member_id := self._next_of(names)) is not None:
            yield member_id

    @translated
    def _next_of(self, names: Iterator[str]) -> str | None:
        return next(names, None)

    def chains(self, member_id: str) -> list[Chain]:
        """The living chains that open, the one in use first, then newest proven first."""
        return self.ledger.chains(member_id)

    def keep_chain(self, member_id: str, chain: Chain) -> bool:
        """Keep this administrator's newest proven pair, and use it; at most five stay.

        Returns whether the portal had been waiting for an administrator. Raises NotInstalled.
        """
        healed = self.ledger.keep(member_id, chain)
        self.turns.wake(member_id)
        return healed

    def drop_chain_of(self, member_id: str, user_id: int) -> None:
        """Forget the chain of a person who is no administrator any more."""
        self.ledger.drop_of(member_id, user_id)

    @translated
    def reseal(self, member_id: str) -> int:
        """Seal the portal's secrets with the newest key; returns how many were not yet.

        Safe while the application runs: what changes meanwhile is left alone, being sealed with
        the newest key already. What no key opens stays as it is; ``unreadable`` names it.
        """
        sealed: str | None = self._redis.hget(keys.installation(member_id), TOKEN_FIELD)
        token = self._application_token(member_id, sealed or "")
        done = 0
        if sealed and token and not self._ring.is_newest(sealed):
            replacement = self._seal_application_token(member_id, token)
            steps = [TOKEN_FIELD, sealed, TOKEN_FIELD, replacement]
            written = self._update(keys=[keys.installation(member_id)], args=steps)
            done = int(TOKEN_FIELD in written)
        return done + self.ledger.reseal(member_id)

    @translated
    def unreadable(self, member_id: str) -> list[str]:
        """What no key opens: ``application_token``, ``chain <user id>``."""
        sealed: str | None = self._redis.hget(keys.installation(member_id), TOKEN_FIELD)
        lost = bool(sealed) and not self._application_token(member_id, sealed or "")
        return ([TOKEN_FIELD] if lost else []) + self.ledger.unreadable(member_id)

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


def _texts(installation: Installation) -> dict[str, str]:
    """What may change while a portal stays installed, as it is stored; see ``GUARDS``."""
    return {
        "domain": installation.domain,
        "client_endpoint": installation.client_endpoint,
        "server_endpoint": installation.server_endpoint,
        "scope": " ".join(installation.scope),
        "status": installation.status,
        "language": installation.language,
        "license": installation.license,
    }
