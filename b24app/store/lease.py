"""One renewal per portal at a time: threads of a process share a flight, processes a lease."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import redis

from b24app import keys
from b24app.errors import Busy
from b24app.store.access import FAILURES, Answers, translated

LEASE_MS: Final = 3000
EXTEND_SECONDS: Final = 1.0
# Longer than the longest turn: eight seconds of asking, a last request of seventeen, eight of
# saving, and connections. Who renews for longer has come to nothing: it may be another's turn.
LONGEST_SECONDS: Final = 45.0
NEWS_MS: Final = 5000
FLIGHT: Final = "a renewal"

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

    def share(
        self, name: str, work: Callable[[], str], unwanted: str | None, seconds: float
    ) -> str:
        """What ``work`` returns, done by one thread of this process for all that ask meanwhile.

        That thread belongs to nobody who asks: it comes to its end, and the process with it, even
        when all have gone. A result that is ``unwanted`` makes the caller ask again. Raises what
        ``work`` raised, Busy when there is nothing after so many ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while True:
            flight = self._board(name, work)
            left = deadline - time.monotonic()
            wait((flight,), max(0.0, left))
            if not flight.done():
                raise Busy(f"waited {seconds:.1f} s for a renewal")
            if isinstance(flight.exception(), Busy) and deadline > time.monotonic():
                continue  # those who began it had less patience
            result = flight.result()
            if result != unwanted:
                return result

    def settle(self, seconds: float = LONGEST_SECONDS) -> None:
        """Return when no renewal of this process is under way any more, or after so long.

        For a process that ends without waiting for its threads: what was spent has to be saved.
        """
        with self._lock:
            flights = tuple(self._flights.values())
        wait(flights, seconds)

    def _board(self, name: str, work: Callable[[], str]) -> Future[str]:
        with self._lock:
            flight = self._flights.get(name)
            if flight is None:
                flight = Future()
                threading.Thread(target=self._fly, args=(name, flight, work), name=FLIGHT).start()
                self._flights[name] = flight
            return flight

    def _fly(self, name: str, flight: Future[str], work: Callable[[], str]) -> None:
        try:
            result = work()
        except Exception as exc:
            self._land(name)
            flight.set_exception(exc)
        else:
            self._land(name)
            flight.set_result(result)

    def _land(self, name: str) -> None:
        with self._lock:
            del self._flights[name]

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
        """Keep the lease while the work lasts, 45 s at most; then let go and wake who waits."""
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
