"""What the bots of one portal have answered, so that nothing is answered twice."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import redis

from b24app import keys
from b24app.store.access import Answers, translated
from b24app.store.inbox_scripts import Script

KEPT_SECONDS: Final = 86400
MOST: Final = 10_000

# KEYS: spoken, installation. ARGV: what, now with microseconds, seconds, kept seconds, most.
# Returns 1 when it was not begun within so many seconds, or at this very moment: then a broken
# connection has the question asked again. Nothing is left of a portal that was removed.
BEGIN: Final = """
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
local before = redis.call('ZSCORE', KEYS[1], ARGV[1])
if before and tonumber(before) == tonumber(ARGV[2]) then return 1 end
if before and tonumber(before) + tonumber(ARGV[3]) > tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2] - ARGV[4])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""


class Spoken:
    """The answers of one portal's bots."""

    def __init__(self, client: redis.Redis, member_id: str) -> None:
        self._redis: Answers = client
        self._names = (keys.spoken(member_id), keys.installation(member_id))
        self._begin = Script(client, BEGIN)

    def mark(self, what: str, seconds: int) -> Mark:
        """The mark of this answer, not made yet; it stands for so many seconds."""
        return Mark(self, what, seconds)

    @translated
    def begin(self, what: str, seconds: int) -> bool:
        """Note that this is being answered; False when it was begun within so many seconds."""
        now = f"{time.time():.6f}"
        return bool(self._begin(self._names, what, now, seconds, KEPT_SECONDS, MOST))

    @translated
    def was_begun(self, what: str, seconds: int) -> bool:
        """Whether it was begun within so many seconds."""
        before: float | None = self._redis.zscore(self._names[0], what)
        return before is not None and before + seconds > time.time()

    @translated
    def take_back(self, what: str) -> None:
        """Nothing was said after all."""
        self._redis.zrem(self._names[0], what)


@dataclass
class Mark:
    """That this is being answered; each method raises StoreUnavailable."""

    spoken: Spoken
    what: str
    seconds: int
    made: bool = False

    def was_made(self) -> bool:
        """Whether somebody has begun it."""
        return self.spoken.was_begun(self.what, self.seconds)

    def make(self) -> bool:
        """It is begun now; False when somebody was faster."""
        self.made = self.spoken.begin(self.what, self.seconds)
        return self.made

    def take_back(self) -> None:
        """Nothing was said after all; somebody else's mark stays."""
        if self.made:
            self.spoken.take_back(self.what)
        self.made = False
