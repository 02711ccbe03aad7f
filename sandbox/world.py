"""The state of the sandbox: portals, users, the application's card, tokens.

Plain dataclasses under one lock. With a path given, the whole state is written as JSON soon
after each change, by atomic replace, and read again at the next start.
"""

import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.cast import AUTH_ADDRESS, FOREIGN_CLIENT_ID, aurora, borealis
from sandbox.faults import Faults
from sandbox.limits import Limits
from sandbox.records import (
    AppCard,
    Binding,
    Bot,
    ChatApp,
    Code,
    Grant,
    Install,
    Portal,
    RestCall,
    SentEvent,
    User,
)
from sandbox.saving import Saver
from sandbox.snapshots import at_port, portal_data, portal_from

__all__ = [
    "AppCard",
    "Binding",
    "Bot",
    "ChatApp",
    "Code",
    "Grant",
    "Install",
    "Portal",
    "RestCall",
    "SentEvent",
    "User",
    "World",
    "hosts",
    "make_world",
]

LOG_LENGTH = 500
REST_LOG_LENGTH = 5000


@dataclass
class World:
    """Everything there is. Hold `lock` while reading or changing more than one thing."""

    profile: str
    portals: list[Portal]
    auth_host: str
    card: AppCard
    grants: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    # Other applications whose tokens exist here, so that foreign ones can be met: id -> secret.
    foreign: dict[str, str] = field(default_factory=dict, repr=False)
    offset: float = 0.0
    path: Path | None = None
    faults: Faults = field(default_factory=Faults)
    limits: Limits = field(default_factory=Limits)
    # Successful renewals and refused ones, counted at the authorization server.
    renewals: int = 0
    refused_renewals: int = 0
    # Calls of app.info at the authorization server.
    proofs: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    sender: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(8, thread_name_prefix="sandbox-events"),
        repr=False,
    )
    _sending: set[Future[None]] = field(default_factory=set, repr=False)
    _by_refresh: dict[str, str] = field(default_factory=dict, repr=False)

    _saver: Saver = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._by_refresh = {grant.refresh: access for access, grant in self.grants.items()}
        self._saver = Saver(self._write)

    def now(self) -> float:
        """Unix time of this world."""
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        with self.lock:
            self.offset += seconds

    @property
    def refused_requests(self) -> int:
        """How many requests all portals answered with QUERY_LIMIT_EXCEEDED."""
        return sum(portal.refused_requests for portal in self.portals)

    def portal(self, key: str) -> Portal:
        """The portal by its key ("aurora", "borealis"). Raises KeyError."""
        for portal in self.portals:
            if portal.key == key:
                return portal
        raise KeyError(key)

    def portal_by_host(self, host: str) -> Portal | None:
        """The portal at this host and port, or None."""
        return next((portal for portal in self.portals if portal.host == host), None)

    def portal_by_member(self, member_id: str) -> Portal | None:
        """The portal with this member id, or None."""
        return next((portal for portal in self.portals if portal.member_id == member_id), None)

    def secret_of(self, client_id: str) -> str | None:
        """The secret of an application known to the authorization server, or None."""
        if client_id == self.card.client_id:
            return self.card.client_secret
        return self.foreign.get(client_id)

    def add_grant(self, grant: Grant) -> None:
        """Keep a new pair."""
        with self.lock:
            self.grants[grant.access] = grant
            self._by_refresh[grant.refresh] = grant.access
            self.save()

    def grant_by_refresh(self, refresh: str) -> Grant | None:
        """The pair this refresh token belongs to, or None."""
        with self.lock:
            return self.grants.get(self._by_refresh.get(refresh, ""))

    def track(self, sending: "Future[None]") -> None:
        """Remember an event under way, for `drain`."""
        with self.lock:
            self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    def drain(self, timeout: float = 15.0) -> bool:
        """Wait until no event is under way; False when the time ran out first."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            with self.lock:
                waiting = set(self._sending)
            if not waiting:
                return True
            wait_for(waiting, timeout=end - time.monotonic())
        return False

    def close(self) -> None:
        """Save, and let go of the event sender."""
        self.sender.shutdown(wait=False, cancel_futures=True)
        self.flush()

    def save(self) -> None:
        """Have the snapshot written soon, and at most a few times a second."""
        if self.path is not None:
            self._saver.ask()

    def flush(self) -> None:
        """Write the snapshot now; nothing without a path."""
        self._saver.flush()

    def _write(self) -> None:
        """Write the snapshot by atomic replace."""
        if self.path is None:
            return
        with self.lock:
            self._forget_the_dead()
            text = json.dumps(snapshot(self), ensure_ascii=False)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            draft = self.path.with_suffix(".new")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                out.write(text)
            draft.replace(self.path)

    def _forget_the_dead(self) -> None:
        now = self.now()
        for access in [a for a, grant in self.grants.items() if self._is_dead(grant, now)]:
            del self._by_refresh[self.grants.pop(access).refresh]
        for code in [c for c, row in self.codes.items() if row.expires < now]:
            del self.codes[code]

    def _is_dead(self, grant: Grant, now: float) -> bool:
        unusable = (grant.spent and not self.faults.lenient_refresh) or grant.revoked
        return grant.expires < now and (unusable or grant.refresh_expires < now)


def make_world(
    port: int = 8010,
    *,
    client_id: str,
    client_secret: str,
    app_url: str,
    profile: str = "source",
    state: Path | str | None = None,
) -> World:
    """The world with Aurora and Borealis at `port`, continued from the file `state` if it exists.

    `app_url` is the application's origin without a closing slash; `profile` is "source" or
    "documented". The card always follows the arguments, so a changed secret takes effect.
    Raises ValueError for another profile, OSError or ValueError for an unreadable state.
    """
    if profile not in ("source", "documented"):
        raise ValueError(f"no such profile: {profile}")
    card = AppCard(
        client_id=client_id,
        client_secret=client_secret,
        title="Chat apps",
        handler_url=f"{app_url}/",
        install_url=f"{app_url}/install",
        scope=["imbot", "im", "imopenlines", "imconnector", "placement"],
    )
    path = Path(state) if state else None
    if path is not None and path.exists():
        world = restore(json.loads(path.read_text(encoding="utf-8")), card, port)
        world.profile = profile
    else:
        world = _new_world(card, port, profile)
    world.path = path
    return world


def _new_world(card: AppCard, port: int, profile: str) -> World:
    return World(
        profile=profile,
        portals=[aurora(card, port), borealis(card, port)],
        auth_host=f"{AUTH_ADDRESS}:{port}",
        card=card,
        secret=secrets.token_hex(16),
        foreign={FOREIGN_CLIENT_ID: secrets.token_hex(25)},
    )


def snapshot(world: World) -> dict[str, Any]:
    """The world as JSON-ready data."""
    return {
        "profile": world.profile,
        "auth_host": world.auth_host,
        "version": world.card.version,
        "secret": world.secret,
        "foreign": world.foreign,
        "portals": [portal_data(portal) for portal in world.portals],
        "grants": [asdict(grant) for grant in world.grants.values()],
        "codes": [asdict(code) for code in world.codes.values()],
    }


def restore(data: dict[str, Any], card: AppCard, port: int) -> World:
    """The world of a snapshot, with this card and at this port.

    Raises ValueError when the data are of another shape.
    """
    try:
        grants = [Grant(**row) for row in data["grants"]]
        codes = [Code(**row) for row in data["codes"]]
        card.version = data["version"]
        return World(
            profile=data["profile"],
            portals=[portal_from(row, card, port) for row in data["portals"]],
            auth_host=at_port(data["auth_host"], port),
            card=card,
            grants={grant.access: grant for grant in grants},
            codes={code.code: code for code in codes},
            secret=data["secret"],
            foreign=data["foreign"],
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise ValueError(f"not a sandbox snapshot: {exc}") from exc


def hosts(world: World) -> Iterator[str]:
    """Every host:port this world answers at, old addresses included."""
    yield world.auth_host
    for portal in world.portals:
        yield portal.host
        yield from portal.old_hosts
