"""One rate budget for each portal, shared by all processes and hosts.

The portal counts with a leaky bucket for each source address: every request adds one, ``leak``
run out each second, and above ``size`` it refuses (b24restdocs: limits.md). The same bucket is
kept here, by the store's clock, so that nobody is refused. Bulk work leaves the last part of
the bucket to people.
"""

from __future__ import annotations

import functools
import hashlib
import time
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, cast

import redis
from redis.exceptions import NoScriptError

from b24app import keys
from b24app.records import Block, BudgetFacts, Lane, Permit, Rate
from b24app.store.access import Answers, translated

NORMAL: Final = Rate(leak=2, size=50)
ENTERPRISE: Final = Rate(leak=5, size=250)
SELF_HOSTED: Final = Rate(leak=1000, size=10000)  # no limits unless its owner sets some
# Where no limit is known a refusal says that there is one after all: then it is taken for this.
FALLS: Final = {SELF_HOSTED: NORMAL}
# Of the bucket. Bulk work leaves room for a save of four calls; the last part is for requests
# under way, which may arrive closer together than they were let go.
SHARE: Final = {Lane.INTERACTIVE: 0.96, Lane.BULK: 0.88}
CREDIT_SECONDS: Final = 0.05
NARROWING: Final = 0.7
NARROWEST: Final = 0.25
RECOVERY_SECONDS: Final = 300
KEPT_SECONDS: Final = 3600  # longer than a bucket takes to run empty, and a block to end
BLOCKED_SECONDS: Final = 60  # when the portal has never said until when
SAME_SECONDS: Final = 1  # what is known this closely already is not put away again

# Takes requests out of the budget, or says how long to wait. One round trip, one key; what never
# changes for a portal stands in the text, because each argument costs as much as a command.
# KEYS: bucket. ARGV: seconds the caller can wait, the methods. Returns how many are granted, the
# seconds to wait, whether a method is blocked, and, as far as known, when each method's operating
# time starts anew.
TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
%(look)s
if until_ > now then return {0, tostring(until_ - now), 1, %(resets)s} end
local leak, room, ahead = %(leak)s, %(room)s, %(ahead)s
if state[2] then
%(narrowed)s
end
local empty = math.max(tonumber(state[1] or '0'), now)
local wait = empty - now + (1 - room) / leak
if wait > %(patience)s then return {0, tostring(wait), 0, %(resets)s} end
local count = 1
if (empty - now) * leak < %(plenty)s then count = ahead end
redis.call('HSET', KEYS[1], 'empty', string.format('%%.6f', empty + count / leak))
redis.call('EXPIRE', KEYS[1], %(kept)s)
return {count, tostring(math.max(wait, 0)), 0, %(resets)s}
"""
# The first lines differ for one method, which nearly every request is for, and for a batch, which
# waits for the last of its methods.
LOOK_AT_ONE: Final = """
local state = redis.call('HMGET', KEYS[1], 'empty', 'narrow', 'since',
  'reset ' .. ARGV[2], 'no ' .. ARGV[2]%(bulk)s)
local until_ = math.max(tonumber(state[5] or '0'), tonumber(state[6] or '0'))
"""
LOOK_AT_MANY: Final = """
local state = redis.call('HMGET', KEYS[1], 'empty', 'narrow', 'since')
local until_, resets = 0, {}
for i = 2, #ARGV do
  local row = redis.call('HMGET', KEYS[1], 'reset ' .. ARGV[i], 'no ' .. ARGV[i]%(bulk)s)
  until_ = math.max(until_, tonumber(row[2] or '0'), tonumber(row[3] or '0'))
  resets[i - 1] = row[1]
end
"""
# What a refusal leaves: a narrower leak that widens again, or another rate for a while, after which
# what was counted by it is forgotten.
NARROWED: Final = "  leak = leak * math.min(1, state[2] + (now - state[3]) / %(recovery)s)"
FALLEN: Final = """
  if now - state[3] < %(recovery)s then
    leak, room, ahead = %(leak)s, %(room)s, 1
  else
    state[1] = '0'
    redis.call('HDEL', KEYS[1], 'narrow', 'since')
  end
"""

GO: Final = Permit(granted=True, wait=0)

# The portal refused although we thought there was room: others share our address. The bucket
# counts as full, and as narrower than it was by now, for a while. KEYS: bucket. ARGV: leak, size,
# narrowing, the least of it, seconds it is kept, seconds of recovery.
NARROW: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local state = redis.call('HMGET', KEYS[1], 'narrow', 'since')
local narrow = tonumber(state[1] or '1')
if narrow < 1 then
  narrow = math.min(1, narrow + (now - tonumber(state[2])) / tonumber(ARGV[6]))
end
narrow = math.max(narrow * tonumber(ARGV[3]), tonumber(ARGV[4]))
redis.call('HSET', KEYS[1], 'empty',
  string.format('%.6f', now + tonumber(ARGV[2]) / (tonumber(ARGV[1]) * narrow)),
  'narrow', tostring(narrow), 'since', tostring(now))
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
"""

# The portal has blocked a method: until when, by the time its operating time starts anew if that
# is known, else for a while. KEYS: bucket. ARGV: method, a while in seconds, seconds it is kept.
REFUSED: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local until_ = tonumber(redis.call('HGET', KEYS[1], 'reset ' .. ARGV[1]) or '0')
if until_ <= now then until_ = now + ARGV[2] end
local stands = tonumber(redis.call('HGET', KEYS[1], 'no ' .. ARGV[1]) or '0')
local text = string.format('%.6f', math.max(until_, stands))
redis.call('HSET', KEYS[1], 'no ' .. ARGV[1], text)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return text
"""

# The bucket as it stands, with the clock of the very server that holds it. KEYS: bucket.
LOOK: Final = """
local time = redis.call('TIME')
return {time[1], time[2], redis.call('HGETALL', KEYS[1])}
"""


@functools.lru_cache(maxsize=64)
def _script(rate: Rate, lane: Lane, ahead: int, *, many: bool) -> tuple[str, str]:
    """The text and the digest of TAKE for one kind of portal, one lane, and one method or many.

    A person who can wait long enough gets a place in advance, so that nobody overtakes; bulk
    work asks again, and also keeps off a method that is blocked for bulk work only.
    """
    person = lane is Lane.INTERACTIVE
    falls = FALLS.get(rate)
    narrowed = (FALLEN if falls else NARROWED) % {
        "recovery": RECOVERY_SECONDS,
        "leak": falls.leak if falls else "",
        "room": falls.size * SHARE[lane] if falls else "",
    }
    look, method = (LOOK_AT_MANY, "ARGV[i]") if many else (LOOK_AT_ONE, "ARGV[2]")
    text = TAKE % {
        "look": look % {"bulk": "" if person else f", 'no bulk ' .. {method}"},
        "resets": "unpack(resets)" if many else "state[4] or nil",
        "leak": rate.leak,
        "room": rate.size * SHARE[lane],
        "narrowed": narrowed,
        "patience": "math.max(0, tonumber(ARGV[1]))" if person else "0",
        "plenty": rate.size / 2,
        "ahead": ahead,
        "kept": KEPT_SECONDS,
    }
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


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
        self._narrow = client.register_script(NARROW)
        self._look = client.register_script(LOOK)
        self._refused = client.register_script(REFUSED)
        # Where there is hardly a limit a client takes some requests ahead. They are as good as
        # under way: for the same method and lane, and for a moment only, so that a block or a
        # full bucket is noticed at once.
        self._ahead = max(1, int(rate.size) // 1000)
        self._credit: dict[tuple[tuple[str, ...], Lane], deque[float]] = defaultdict(deque)
        self._resets: dict[str, float] = {}  # as the store has them, as far as we know

    @translated
    def take(self, method: str, lane: Lane, patience: float, items: Collection[str] = ()) -> Permit:
        """One request, for a caller who can wait ``patience`` seconds.

        ``items`` are the methods in it when it is a batch: one that is blocked blocks it all.
        Granted: call after ``wait`` seconds. Not granted: ask again after ``wait``, or give up.
        """
        methods: tuple[str, ...] = (method.lower(),)
        if items:
            methods += tuple(item.lower() for item in items)
        credit = self._credit[methods, lane]
        try:
            if credit.pop() > time.monotonic():
                return GO
            credit.clear()
        except IndexError:
            pass
        began = time.monotonic()
        answer = self._ask(lane, patience, methods)
        granted = answer[0]
        if granted > 1:
            credit.extend([began + CREDIT_SECONDS] * (granted - 1))
        if len(answer) > 3:
            pairs = zip(methods, answer[3:], strict=True)
            self._resets.update((name, float(reset or 0)) for name, reset in pairs)
        elif self._resets:
            self._resets.pop(methods[0], None)
        return Permit(bool(granted), float(answer[1]), bool(answer[2]))

    def _ask(self, lane: Lane, patience: float, methods: tuple[str, ...]) -> list[Any]:
        text, digest = _script(self._rate, lane, self._ahead, many=len(methods) > 1)
        try:
            answer = self._redis.evalsha(digest, 1, self._bucket, patience, *methods)
        except NoScriptError:  # a new or restarted store
            answer = self._redis.eval(text, 1, self._bucket, patience, *methods)
        return cast(list[Any], answer)

    @translated
    def note(self, resets: Mapping[str, float]) -> None:
        """Remember for everybody when the operating time of methods starts anew, as Unix times.

        What the store has already is not sent again.
        """
        news = {
            method.lower(): reset
            for method, reset in resets.items()
            if abs(self._resets.get(method.lower(), 0) - reset) > SAME_SECONDS
        }
        if news:
            self._put({f"reset {method}": str(reset) for method, reset in news.items()})
            self._resets.update(news)

    @translated
    def refused(self, method: str) -> float:
        """The portal has blocked this method: nobody calls it before the Unix time returned.

        That is when the portal has said its operating time starts anew, to whomever it said it;
        a minute from now if it never did.
        """
        self._credit.clear()
        args = (method.lower(), BLOCKED_SECONDS, KEPT_SECONDS)
        return float(cast(str, self._refused(keys=[self._bucket], args=args)))

    @translated
    def narrow(self) -> None:
        """The portal refused a request that was granted here."""
        self._credit.clear()
        rate = FALLS.get(self._rate, self._rate)
        narrowing = (1, 1) if rate is not self._rate else (NARROWING, NARROWEST)
        args = [rate.leak, rate.size, *narrowing, KEPT_SECONDS, RECOVERY_SECONDS]
        self._narrow(keys=[self._bucket], args=args)

    @translated
    def block(self, method: str, until: float, *, bulk_only: bool = False) -> None:
        """Nobody, or no bulk work, calls this method before the Unix time ``until``.

        Who has taken requests of it ahead may still send them, for a twentieth of a second.
        """
        method = method.lower()
        self._credit.clear()
        self._put({f"no bulk {method}" if bulk_only else f"no {method}": str(until)})

    def _put(self, fields: Mapping[str, str]) -> None:
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(self._bucket, mapping=fields)
            pipe.expire(self._bucket, KEPT_SECONDS)
            pipe.execute()

    @translated
    def look(self) -> BudgetFacts:
        """How the budget stands, by the store's clock; nothing is taken."""
        seconds, micros, pairs = self._look(keys=[self._bucket])
        state = dict(zip(pairs[::2], pairs[1::2], strict=True))
        now = int(seconds) + int(micros) / 1_000_000
        recovered = (now - float(state.get("since", 0))) / RECOVERY_SECONDS
        rate, width = self._rate, min(1.0, float(state.get("narrow", 1)) + recovered)
        leak = rate.leak * width
        if rate in FALLS and recovered < 1:
            rate, leak = FALLS[rate], FALLS[rate].leak
            width = max(leak / self._rate.leak, 0.01)  # it is told in hundredths, and is not none
        filled = max(0.0, float(state.get("empty", 0)) - now) * leak
        return BudgetFacts(
            level=min(1.0, filled / rate.size),
            width=width,
            blocked=tuple(_blocks(state, now)),
        )


def _blocks(state: Mapping[str, str], now: float) -> Iterator[Block]:
    for name, until in state.items():
        if name.startswith("no ") and float(until) > now:
            method = name.removeprefix("no ")
            yield Block(method.removeprefix("bulk "), float(until), method.startswith("bulk "))
