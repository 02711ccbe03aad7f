"""What a store must be able to do, whatever server is behind it; each case begins empty.

The cases are in ``cases_….py``, one file for each subject. Two hands on the same store stand for
two processes: each has connections of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis

from b24app.crypto import KeyRing
from b24app.records import (
    Actor,
    Chain,
    ChatApp,
    Context,
    Installation,
    Kind,
    Patience,
    Rate,
    Tokens,
    Translation,
)
from b24app.store import Counters, Inbox, Installations, PortalStore, RateBudget
from b24app.store.server import open_redis

AURORA, BOREALIS = "a" * 32, "b" * 32
OLD, NEW = b"o" * 32, b"n" * 32
ANNA = Actor(1, "Anna", is_admin=True)
HOUR = 3600


@dataclass(frozen=True)
class Hand:
    """What one process has of the store."""

    client: redis.Redis
    installations: Installations
    inbox: Inbox
    counters: Counters

    def portal(self, member_id: str = AURORA, patience: float = 8) -> PortalStore:
        return PortalStore(self.client, member_id, Patience(patience))

    def budget(self, rate: Rate) -> RateBudget:
        return RateBudget(self.client, AURORA, rate)


@contextmanager
def hand(url: str, *keys: bytes) -> Iterator[Hand]:
    """Connections of one process that has these token keys."""
    client, ring = open_redis(url, "REDIS_URL", decode=True), KeyRing(keys or (OLD,))
    try:
        yield Hand(client, Installations(client, ring), Inbox(client, ring), Counters(client))
    finally:
        client.close()


@dataclass(frozen=True)
class Store:
    """Two processes on one store, and the way to start another with other keys."""

    url: str
    one: Hand
    other: Hand

    def with_keys(self, *keys: bytes):
        return hand(self.url, *keys)


@contextmanager
def store(url: str) -> Iterator[Store]:
    with hand(url) as one, hand(url) as other:
        yield Store(url, one, other)


Case = Callable[[Store], None]


class Cases(list[Case]):
    """The cases of one subject; as a decorator it takes another."""

    def __call__(self, check: Case) -> Case:
        self.append(check)
        return check


def installation(member_id: str = AURORA) -> Installation:
    return Installation(
        member_id=member_id,
        domain="aurora.bitrix24.com",
        client_endpoint="https://aurora.bitrix24.com/rest/",
        server_endpoint="https://oauth.bitrix.info/rest/",
        scope=("imbot", "im"),
        status="L",
        application_token="t0ken-of-the-application",
        installed_by=1,
        installed_at=1_790_000_000,
        language="de",
        license="de_std",
    )


def chain(user_id: int = 1, word: str = "first", proven_at: int = 1_790_000_000) -> Chain:
    tokens = Tokens(f"access {word}", f"refresh {word}", int(time.time()) + HOUR)
    return Chain(user_id, tokens, proven_at, f"Person | {user_id}")


def renamed(word: str) -> Tokens:
    return chain(word=word).tokens


def chat_app(title: str = "Board") -> ChatApp:
    return ChatApp(
        id=7,
        bot_id=3,
        code="board",
        kind=Kind.IFRAME,
        context=Context.ALL,
        admin_only=False,
        hidden=False,
        extranet=False,
        livechat=False,
        translations=(Translation("en", title),),
        icon=b"\x89PNG\x00\xff",
    )


def keep(hand: Hand, member_id: str, kept: Chain) -> bool:
    """An administrator of a portal that has installed us opens the application."""
    hand.installations.save(installation(member_id))
    return hand.installations.keep_chain(member_id, kept)
