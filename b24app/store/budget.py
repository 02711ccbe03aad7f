"""One rate budget for each portal, shared by all processes and hosts.

The portal counts with a leaky bucket for each source address: every request adds one, ``leak``
run out each second, and above ``size`` it refuses (b24restdocs: limits.md). The same bucket is
kept here, by the store's clock, so that nobody is refused. Bulk work leaves the last part of
the bucket to people.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections import deque
from typing import Final, cast

import redis
from redis.exceptions import NoScriptError

from b24app import keys
from b24app.records import Lane, Permit, Rate
from b24app.store.access import Answers, translated

NORMAL: Final = Rate(leak=2, size=50)
ENTERPRISE: Final = Rate(leak=5, size=250)
SELF_HOSTED: Final = Rate(leak=1000, size=10000)  # no limits unless its owner sets some
# Of the bucket; requests under way may arrive closer together than they were let go.
SHARE: Final = {Lane.INTERACTIVE: 0.96, Lane.BULK: 0.86}
NARROWING: Final = 0.7
RECOVERY_SECONDS: Final = 300
BLOCK_SECONDS: Final = 3600

# Takes requests out of the budget, or says how long to wait. One round trip.
# KEYS: bucket, blocked methods. ARGV: leak, size, share, method, seconds the caller can wait,
# 1 for a person, seconds of recovery, how many at once when there is plenty of room.
# A person who can wait long enough gets a place in advance, so that nobody overtakes; bulk work
# asks again. Returns how many are granted, the seconds to wait, whether the method is blocked.
TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local blocks = redis.call('HMGET', KEYS[2], ARGV[4], 'bulk ' .. ARGV[4])
local until_ = tonumber(blocks[1] or '0')
if ARGV[6] == '0' then until_ = math.max(until_, tonumber(blocks[2] or '0')) end
if until_ > now then return {0, tostring(until_ - now), 1} end
local state = redis.call('HMGET', KEYS[1], 'empty', 'narrow', 'since')
local narrow = tonumber(state[2] or '1')
if narrow < 1 then
  narrow = math.min(1, narrow + (now - tonumber(state[3])) / tonumber(ARGV[7]))
end
local leak = tonumber(ARGV[1]) * narrow
local empty = math.max(tonumber(state[1] or '0'), now)
local wait = empty + (1 - tonumber(ARGV[2]) * tonumber(ARGV[3])) / leak - now
if wait > 0 and (ARGV[6] == '0' or wait > tonumber(ARGV[5])) then
  return {0, tostring(wait), 0}
end
local count = 1
if (empty - now) * leak < tonumber(ARGV[2]) / 2 then count = tonumber(ARGV[8]) end
redis.call('HSET', KEYS[1], 'empty', string.format('%.6f', empty + count / leak))
redis.call('EXPIRE', KEYS[1], 600)
return {count, tostring(math.max(wait, 0)), 0}
"""

TAKE_DIGEST: Final = hashlib.sha1(TAKE.encode(), usedforsecurity=False).hexdigest()
GO: Final = Permit(granted=True, wait=0)

# The portal refused although we thought there was room: others share our address. The bucket
# counts as full, and as narrower for a while. KEYS: bucket. ARGV: leak, size, narrowing.
NARROW: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local narrow = tonumber(redis.call('HGET', KEYS[1], 'narrow') or '1') * tonumber(ARGV[3])
narrow = math.max(narrow, 0.25)
redis.call('HSET', KEYS[1], 'empty',
  string.format('%.6f', now + tonumber(ARGV[2]) / (tonumber(ARGV[1]) * narrow)),
  'narrow', tostring(narrow), 'since', tostring(now))
redis.call('EXPIRE', KEYS[1], 600)
return 1
"""


def rate_of(license_code: str) -> Rate:
    """What a portal's LICENSE allows, such as ``de_ent10000`` or ``en_selfhosted``."""
    if license_code.endswith("_selfhosted"):
        return SELF_HOSTED
    return ENTERPRISE if "_ent" in license_code else NORMAL


class RateBudget:
    """The budget of one portal."""

    def __init__(self, client: redis.Redis, member_id: str, rate: Rate = NORMAL) -> None:
        self._redis: Answers = client
        self._rate = rate
        self._bucket = keys.rate(member_id)
        self._blocked = keys.blocked(member_id)
        self._narrow = client.register_script(NARROW)
        # Where there is hardly a limit a client takes some requests ahead, for a second.
        self._ahead = max(1, int(rate.size) // 1000)
        self._credit = deque[float](maxlen=self._ahead)

    @translated
    def take(self, method: str, lane: Lane, patience: float) -> Permit:
        """One request, for a caller who can wait ``patience`` seconds.

        Granted: call after ``wait`` seconds. Not granted: ask again after ``wait``, or give up.
        """
        with contextlib.suppress(IndexError):
            if self._credit.pop() > time.monotonic():
                return GO
        granted, wait, blocked = self._ask(method.lower(), lane, patience)
        self._credit.extend([time.monotonic() + 1] * (granted - 1))
        return Permit(bool(granted), float(wait), bool(blocked))

    def _ask(self, method: str, lane: Lane, patience: float) -> tuple[int, str, int]:
        person = 1 if lane is Lane.INTERACTIVE else 0
        arguments = (
            *(2, self._bucket, self._blocked, self._rate.leak, self._rate.size, SHARE[lane]),
            *(method, patience, person, RECOVERY_SECONDS, self._ahead),
        )
        try:
            answer = self._redis.evalsha(TAKE_DIGEST, *arguments)
        except NoScriptError:  # a new or restarted store
            answer = self._redis.eval(TAKE, *arguments)
        return cast(tuple[int, str, int], answer)

    @translated
    def narrow(self) -> None:
        """The portal refused a request that was granted here."""
        self._narrow(keys=[self._bucket], args=[self._rate.leak, self._rate.size, NARROWING])

    @translated
    def block(self, method: str, until: float, *, bulk_only: bool = False) -> None:
        """Nobody, or no bulk work, calls this method before the Unix time ``until``."""
        name = f"bulk {method.lower()}" if bulk_only else method.lower()
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(self._blocked, name, str(until))
            pipe.expire(self._blocked, BLOCK_SECONDS)
            pipe.execute()
