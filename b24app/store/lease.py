"""One renewal per portal at a time: threads of a process share a flight, processes a lease."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import redis

from b24app import keys
from b24app.errors import Busy
from b24app.store.access import FAILURES, WAIT_SECONDS, Answers, translated

LEASE_MS: Final = 3000
EXTEND_SECONDS: Final = 1.0
# Who renews for longer than this has come to nothing: it may be another's turn.
LONGEST_SECONDS: Final = 25.0
NEWS_MS: Final = 5000

# The lease is its owner's name, with a "+" behind it once somebody waits for news of the end.

# ARGV: owner, milliseconds. Returns who holds the lease now and for how long, in milliseconds.
TAKE: Final = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return {ARGV[1], ARGV[2]} end
local owner = string.match(redis.call('GET', KEYS[1]), '^%x+')
if owner ~= ARGV[1] then redis.call('SET', KEYS[1], owner .. '+', 'KEEPTTL') end
return {owner, redis.call('PTTL', KEYS[1])}
"""
# ARGV: owner, milliseconds. Returns 1 when the lease was still the owner's.
EXTEND: Final = """
local lease = redis.call('GET', KEYS[1])
if not lease or string.match(lease, '^%x+') ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
# KEYS[2]: the list that wakes those who wait. ARGV: owner, milliseconds of the list.
RELEASE: Final = """
local lease = redis.call('GET', KEYS[1])
if not lease or string.match(lease, '^%x+') ~= ARGV[1] then return end
redis.call('DEL', KEYS[1])
if lease == ARGV[1] then return end
redis.call('RPUSH', KEYS[2], '1')
redis.call('PEXPIRE', KEYS[2], ARGV[2])
"""


@dataclass(frozen=True)
class Lease:
    """Who may renew a portal's tokens now, and for how many seconds still."""

    member_id: str
    owner: str
    held: bool
    seconds: float


class Leases:
    """One renewal per portal at a time, in this process and in all others."""

    def __init__(self, client: redis.Redis, *, longest: float = LONGEST_SECONDS) -> None:
        """``longest`` is how many seconds a lease is prolonged at most."""
        self._redis: Answers = client
        self._longest = longest
        self._take = client.register_script(TAKE)
        self._extend = client.register_script(EXTEND)
        self._release = client.register_script(RELEASE)
        self._flights: dict[str, Future[str]] = {}
        self._lock = threading.Lock()

    def share(self, member_id: str, work: Callable[[], str], unwanted: str | None) -> str:
        """What ``work`` returns, done by one thread of this process for all that ask meanwhile.

        A result that is ``unwanted`` makes the thread ask again. Raises what ``work`` raised,
        Busy after eight seconds of waiting.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            with self._lock:
                flight = self._flights.get(member_id)
                if leads := flight is None:
                    flight = self._flights[member_id] = Future()
            if leads:
                return self._lead(member_id, flight, work)
            try:
                result = flight.result(deadline - time.monotonic())
            except TimeoutError as exc:
                raise Busy(f"waited {WAIT_SECONDS} s for a renewal") from exc
            if result != unwanted:
                return result

    def _lead(self, member_id: str, flight: Future[str], work: Callable[[], str]) -> str:
        try:
            result = work()
        except BaseException as exc:
            self._land(member_id)
            flight.set_exception(exc if isinstance(exc, Exception) else Busy("interrupted"))
            raise
        self._land(member_id)
        flight.set_result(result)
        return result

    def _land(self, member_id: str) -> None:
        with self._lock:
            del self._flights[member_id]

    @translated
    def take(self, member_id: str) -> Lease:
        """Take the lease, or tell who holds it and for how long still."""
        mine = secrets.token_hex(8)
        owner, left = self._take(keys=[keys.renewing(member_id)], args=[mine, LEASE_MS])
        return Lease(member_id, owner, owner == mine, int(left) / 1000)

    @translated
    def wait(self, lease: Lease, patience: float) -> None:
        """Return when the holder has come to its end, its lease has run out, or patience has."""
        news = keys.renewed(lease.member_id, lease.owner)
        seconds = max(0.01, min(lease.seconds, patience))
        self._redis.blmove(news, news, seconds, "LEFT", "RIGHT")

    @contextmanager
    def holding(self, lease: Lease) -> Iterator[None]:
        """Keep the lease while the work lasts, 25 s at most; then let go and wake who waits."""
        done = threading.Event()
        threading.Thread(target=self._prolong, args=(lease, done), daemon=True).start()
        try:
            yield
        finally:
            done.set()
            self._let_go(lease)

    def _prolong(self, lease: Lease, done: threading.Event) -> None:
        name = keys.renewing(lease.member_id)
        deadline = time.monotonic() + self._longest
        while not done.wait(EXTEND_SECONDS) and time.monotonic() < deadline:
            try:
                if not self._extend(keys=[name], args=[lease.owner, LEASE_MS]):
                    return  # somebody else holds it now; our next step will find that out
            except FAILURES:
                continue  # it may answer again before the lease runs out

    def _let_go(self, lease: Lease) -> None:
        names = [keys.renewing(lease.member_id), keys.renewed(lease.member_id, lease.owner)]
        with suppress(*FAILURES):  # what was done stands; the lease runs out by itself
            self._release(keys=names, args=[lease.owner, NEWS_MS])
