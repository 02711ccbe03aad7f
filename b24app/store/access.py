"""What every class of the store shares: translated errors and locks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, ParamSpec, TypeVar

import redis
from redis.exceptions import LockError, RedisError

from b24app.errors import Busy, StoreUnavailable

# redis-py types every answer as bytes or str, whichever the connection decodes to; ours decodes.
Answers = Any
P = ParamSpec("P")
R = TypeVar("R")

WAIT_SECONDS: Final = 8


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
def locked(client: redis.Redis, name: str, seconds: int) -> Iterator[None]:
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
