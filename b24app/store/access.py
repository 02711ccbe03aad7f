"""What every class of the store shares: translated errors and locks."""

from __future__ import annotations

import contextlib
import functools
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, ParamSpec, TypeVar

import redis
from redis.exceptions import RedisClusterException, RedisError

from b24app.errors import Busy, StoreUnavailable
from b24app.records import Patience

# redis-py types every answer as bytes or str, whichever the connection decodes to; ours decodes.
Answers = Any
P = ParamSpec("P")
R = TypeVar("R")

WAIT_SECONDS: Final = 8
LOCK_PAUSE: Final = 0.02
STORE_PAUSE: Final = 0.5
LEASE_SECONDS: Final = 8  # so long nobody gets in after the holder was killed
MARK_SECONDS: Final = 1  # so long bulk work stays out after a person who waited was killed
PROLONG_SECONDS: Final = 2.0
FAILURES: Final = (RedisError, RedisClusterException)  # the second is no RedisError

# KEYS: the lock, the mark of who waits for it. ARGV: owner, milliseconds of the lock, of the mark,
# 1 for one who gives way to whoever waits. Returns 1 when the owner has it: now, or already,
# because a lost answer has the question sent again.
TAKE: Final = """
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then return 1 end
local waiter = redis.call('GET', KEYS[2])
if not holder and not (waiter and ARGV[4] == '1') then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  if waiter == ARGV[1] then redis.call('DEL', KEYS[2]) end
  return 1
end
if ARGV[4] == '0' then redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3]) end
return 0
"""
# KEYS: the lock. ARGV: owner, milliseconds.
PROLONG: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
"""
# KEYS: the lock. ARGV: owner.
RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


def translated(method: Callable[P, R]) -> Callable[P, R]:
    """Turns the library's errors into StoreUnavailable."""

    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except FAILURES as exc:
            raise StoreUnavailable(type(exc).__name__) from exc

    return guarded


@contextmanager
def locked(
    client: redis.Redis,
    name: str,
    mark: str,
    seconds: int,
    patience: Patience | None = None,
    *,
    gives_way: bool = False,
) -> Iterator[None]:
    """Hold the lock ``name`` for at most so many seconds; only its holder releases it.

    It is prolonged while the holder lives, so that one who was killed is not waited for.
    Waits as long as ``patience`` lasts, eight seconds without one, and takes from it what was
    waited. Who waits sets the key ``mark``; who ``gives_way`` does not, and does not take the
    lock while it is set. Raises Busy when somebody else holds it that long, or goes first.
    """
    patience = patience or Patience(WAIT_SECONDS)
    owner, began, left = secrets.token_hex(8), time.monotonic(), patience.left
    try:
        held = _take(client, (name, mark), owner, left, gives_way=gives_way)
    except FAILURES as exc:
        _let_go_later(client, name, owner, seconds)  # the answer may be all that was lost
        raise StoreUnavailable(type(exc).__name__) from exc
    finally:
        patience.spend(time.monotonic() - began)
    if not held:
        raise Busy(f"waited {left:.1f} s for {name.rpartition(':')[2]}")
    done = threading.Event()
    threading.Thread(
        target=_prolong, args=(client, name, owner, seconds, done), daemon=True
    ).start()
    try:
        yield
    finally:
        done.set()
        _let_go(client, name, owner, seconds)


def _take(
    client: redis.Redis, names: tuple[str, str], owner: str, patience: float, *, gives_way: bool
) -> bool:
    take, deadline = client.register_script(TAKE), time.monotonic() + patience
    args = (owner, LEASE_SECONDS * 1000, MARK_SECONDS * 1000, int(gives_way))
    while not take(keys=names, args=args):
        if time.monotonic() + LOCK_PAUSE > deadline:
            return False
        time.sleep(LOCK_PAUSE)
    return True


def _prolong(
    client: redis.Redis, name: str, owner: str, seconds: int, done: threading.Event
) -> None:
    prolong, deadline = client.register_script(PROLONG), time.monotonic() + seconds
    while not done.wait(PROLONG_SECONDS) and time.monotonic() < deadline:
        with contextlib.suppress(*FAILURES):  # it may answer again before the lease runs out
            prolong(keys=[name], args=[owner, LEASE_SECONDS * 1000])


def _let_go(client: redis.Redis, name: str, owner: str, seconds: int) -> None:
    """At once, or as soon as the store answers again: what was done under the lock stands."""
    try:
        client.register_script(RELEASE)(keys=[name], args=[owner])
    except FAILURES:
        _let_go_later(client, name, owner, seconds)


def _let_go_later(client: redis.Redis, name: str, owner: str, seconds: int) -> None:
    def work() -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(STORE_PAUSE)
            with contextlib.suppress(*FAILURES):
                client.register_script(RELEASE)(keys=[name], args=[owner])
                return

    threading.Thread(target=work, daemon=True).start()
