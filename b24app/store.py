"""All contact with Redis: installations, the things of one portal, counters.

``Installations`` sees all portals. ``PortalStore`` is bound to one at birth and cannot spell
another portal's key. Every Redis failure leaves here as StoreUnavailable.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, ParamSpec, TypeVar

import redis
from redis.exceptions import LockError, RedisError

from b24app import keys
from b24app.crypto import CannotOpen, KeyRing
from b24app.errors import Busy, Conflict, NotFound, NotInstalled, StoreUnavailable
from b24app.records import (
    Actor,
    Bot,
    BotApi,
    Chain,
    Change,
    ChatApp,
    Context,
    Installation,
    JsMethod,
    Kind,
    Tokens,
    Translation,
    Verb,
)

# redis-py types every answer as bytes or str, whichever the connection decodes to; ours decodes.
Answers = Any
P = ParamSpec("P")
R = TypeVar("R")

CHAINS_KEPT: Final = 5
HISTORY_KEPT: Final = 1000
REFRESH_LOCK_SECONDS: Final = 30
EDIT_LOCK_SECONDS: Final = 150  # longer than the portal calls it guards
WAIT_SECONDS: Final = 8
CONFIRMING_SECONDS: Final = 600
OAUTH_STATE_SECONDS: Final = 600

# Replaces the record only when it still has the version the editor saw (0: there is none yet),
# and writes the history line in the same step. Returns 1 when saved.
SAVE_CHAT_APP: Final = """
local current = redis.call('HGET', KEYS[1], ARGV[1])
local version = 0
if current then version = cjson.decode(current)['version'] end
if version ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], '*', 'change', ARGV[4])
return 1
"""

# Replaces one chain only while it still holds the refresh token that was spent, so that a slow
# writer never overwrites a newer pair. Returns 1 when replaced.
REPLACE_CHAIN: Final = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1])
else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 1
"""


def translated(method: Callable[P, R]) -> Callable[P, R]:
    """Turns the library's errors into StoreUnavailable."""

    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except RedisError as exc:
            raise StoreUnavailable(type(exc).__name__) from exc

    return guarded


@contextmanager
def _locked(client: redis.Redis, name: str, seconds: int) -> Iterator[None]:
    """Hold the lock ``name``; only its holder releases it."""
    lock = client.lock(name, timeout=seconds, blocking_timeout=WAIT_SECONDS, sleep=0.02)
    try:
        held = lock.acquire()
    except RedisError as exc:
        raise StoreUnavailable(type(exc).__name__) from exc
    if not held:
        raise Busy(f"waited {WAIT_SECONDS} s for {name.rpartition(':')[2]}")
    try:
        yield
    finally:
        try:
            lock.release()
        except LockError:
            pass  # it ran out meanwhile; compare-and-set on save keeps the data right
        except RedisError as exc:
            raise StoreUnavailable(type(exc).__name__) from exc


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
        return _locked(self._redis, keys.refresh_lock(member_id), REFRESH_LOCK_SECONDS)

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


class PortalStore:
    """The things of one portal, with their history."""

    def __init__(self, client: redis.Redis, member_id: str) -> None:
        self._redis: Answers = client
        self._bots = keys.bots(member_id)
        self._chat_apps = keys.chat_apps(member_id)
        self._history = keys.history(member_id)
        self._edit_lock = keys.edit_lock(member_id)
        self._registrations = keys.registrations(member_id)
        self._save_chat_app = client.register_script(SAVE_CHAT_APP)

    def editing(self) -> AbstractContextManager[None]:
        """Hold while record and portal change together, so that no two edits interleave.

        Raises Busy when another edit does not end within eight seconds.
        """
        return _locked(self._redis, self._edit_lock, EDIT_LOCK_SECONDS)

    @translated
    def bots(self) -> list[Bot]:
        """Bots of ours, oldest id first."""
        found = [_read_bot(text) for text in self._redis.hvals(self._bots)]
        return sorted(found, key=lambda bot: bot.id)

    @translated
    def save_bot(self, bot: Bot) -> None:
        """Remember a bot."""
        self._redis.hset(self._bots, str(bot.id), json.dumps(dataclasses.asdict(bot)))

    @translated
    def delete_bot(self, bot_id: int) -> None:
        """Forget a bot that is gone."""
        self._redis.hdel(self._bots, str(bot_id))

    @translated
    def begin_registration(self, code: str) -> bool:
        """Note that a chat app is about to be registered; False when it may have been before."""
        return bool(self._redis.sadd(self._registrations, code))

    @translated
    def end_registration(self, code: str) -> None:
        """The portal's answer is known."""
        self._redis.srem(self._registrations, code)

    @translated
    def chat_apps(self) -> list[ChatApp]:
        """Chat apps of this portal, newest first."""
        found = [_read_chat_app(text) for text in self._redis.hvals(self._chat_apps)]
        return sorted(found, key=lambda app: app.id, reverse=True)

    @translated
    def chat_app(self, app_id: int) -> ChatApp:
        """One chat app; raises NotFound."""
        text: str | None = self._redis.hget(self._chat_apps, str(app_id))
        if text is None:
            raise NotFound(f"chat app {app_id}")
        return _read_chat_app(text)

    @translated
    def save_chat_app(
        self, app: ChatApp, *, seen: int, actor: Actor, verb: Verb, before: ChatApp | None
    ) -> ChatApp:
        """Store the chat app and its history line in one step; returns it as stored.

        ``seen`` is the version the editor saw, 0 for a new one; a successor goes on counting
        where its predecessor stopped. Raises Conflict with what stands now when somebody saved
        meanwhile.
        """
        stored = dataclasses.replace(
            app,
            version=max(seen, app.version) + 1,
            updated_at=int(time.time()),
            updated_by=actor.name,
        )
        line = _change(actor, verb, stored.id, before, stored)
        saved = self._save_chat_app(
            keys=[self._chat_apps, self._history],
            args=[str(app.id), seen, _write_chat_app(stored), line, HISTORY_KEPT],
        )
        if not saved:
            raise Conflict(self.chat_app(app.id))
        return stored

    @translated
    def delete_chat_app(self, app: ChatApp, *, actor: Actor, verb: Verb) -> None:
        """Forget the chat app and write the history line in one step."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hdel(self._chat_apps, str(app.id))
            line = _change(actor, verb, app.id, app, None)
            pipe.xadd(self._history, {"change": line}, maxlen=HISTORY_KEPT, approximate=True)
            pipe.execute()

    @translated
    def history(self, count: int = 100) -> list[Change]:
        """The newest changes, newest first."""
        entries = self._redis.xrevrange(self._history, count=count)
        return [Change(id=id_, **_read_change(fields["change"])) for id_, fields in entries]


class Counters:
    """Counters shared by all processes, for the operator's metrics."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis: Answers = client

    @translated
    def add(self, name: str, outcome: str) -> None:
        """Count one more ``name`` that ended with ``outcome``."""
        self._redis.hincrby(keys.counters(), f"{name} {outcome}", 1)

    @translated
    def all(self) -> dict[tuple[str, str], int]:
        """All counters by (name, outcome)."""
        values: dict[str, str] = self._redis.hgetall(keys.counters())
        pairs = ((field.partition(" "), value) for field, value in values.items())
        return {(name, outcome): int(value) for (name, _, outcome), value in pairs}


def _read_bot(text: str) -> Bot:
    fields = json.loads(text)
    return Bot(fields["id"], fields["code"], fields["name"], BotApi(fields["api"]))


def _write_chat_app(app: ChatApp) -> str:
    return json.dumps(dataclasses.asdict(app) | {"icon": base64.b64encode(app.icon).decode()})


def _read_chat_app(text: str) -> ChatApp:
    fields: dict[str, Any] = json.loads(text)
    return ChatApp(
        **fields
        | {
            "kind": Kind(fields["kind"]),
            "context": Context(fields["context"]),
            "js_method": JsMethod(fields["js_method"]) if fields["js_method"] else None,
            "icon": base64.b64decode(fields["icon"]),
            "translations": tuple(Translation(**entry) for entry in fields["translations"]),
        }
    )


def _change(
    actor: Actor, verb: Verb, app_id: int, before: ChatApp | None, after: ChatApp | None
) -> str:
    return json.dumps(
        {
            "at": int(time.time()),
            "user_id": actor.user_id,
            "user_name": actor.name,
            "thing": "chat_app",
            "thing_id": str(app_id),
            "verb": verb,
            **_difference(_readable(before), _readable(after)),
        }
    )


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Both sides; of two versions of the same thing only the fields that differ."""
    if before and after and before["id"] == after["id"]:
        changed = [name for name in after if before.get(name) != after[name]]
        before, after = ({name: side[name] for name in changed} for side in (before, after))
    return {"before": before, "after": after}


def _readable(app: ChatApp | None) -> dict[str, Any]:
    """The record as history keeps it: the HASH is a shared secret and only said to be there."""
    if app is None:
        return {}
    fields: dict[str, Any] = json.loads(_write_chat_app(app))
    return fields | {"hash": "set" if app.hash else ""}


def _read_change(text: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(text)
    return fields | {"verb": Verb(fields["verb"])}
