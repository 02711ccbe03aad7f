"""When each chain is to be kept alive: one index over all portals, so that a sweep costs what is
due and not how many portals there are."""

from __future__ import annotations

import random
import time
from typing import Final

import redis

from b24app import keys
from b24app.store.access import Answers, translated

SCAN_COUNT: Final = 1000
DAY: Final = 24 * 3600
# A refresh token lives 180 days (b24restdocs: settings/oauth/auto-renewal.md).
REFRESH_DAYS: Final = 180
KEEP_ALIVE_DAYS: Final = 120
SPREAD_DAYS: Final = 14


class Due:
    """The chains of all portals by the moment they are to be kept alive."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis: Answers = client

    @translated
    def put(self, member_id: str, user_id: int, issued_at: int) -> None:
        """The chain's refresh token was issued then, Unix seconds."""
        self._redis.zadd(keys.due(), {_name(member_id, user_id): due_moment(issued_at)})

    @translated
    def put_off(self, member_id: str, user_id: int, moment: float) -> None:
        """The chain is not to be kept alive before this moment, if at all."""
        self._redis.zadd(keys.due(), {_name(member_id, user_id): moment}, xx=True, gt=True)

    @translated
    def try_again(self, member_id: str, user_id: int, died: float) -> None:
        """The chain does not live since ``died``, Unix seconds: it is tried when it has been dead
        for twice as long, and in a day at the earliest."""
        now = time.time()
        self._redis.zadd(keys.due(), {_name(member_id, user_id): now + max(DAY, now - died)})

    @translated
    def forget(self, member_id: str, user_id: int | str) -> None:
        """There is no such chain to keep alive."""
        self._redis.zrem(keys.due(), _name(member_id, user_id))

    @translated
    def users(self, member_id: str) -> list[int]:
        """Whose chains of this portal are to be kept alive; looks through all portals."""
        found = self._redis.zscan_iter(keys.due(), _name(member_id, "*"), count=SCAN_COUNT)
        return sorted({int(name.rpartition(" ")[2]) for name, _ in found})

    @translated
    def take(self, limit: int, until: float, again: float) -> list[tuple[str, int]]:
        """At most ``limit`` chains due before ``until``; each comes again at ``again``.

        Whoever else asks meanwhile gets others.
        """
        taken = []
        for name in self._redis.zrangebyscore(keys.due(), "-inf", until, start=0, num=limit):
            if self._redis.zadd(keys.due(), {name: again}, xx=True, gt=True, ch=True):
                member_id, _, user_id = name.rpartition(" ")
                taken.append((member_id, int(user_id)))
        return taken


def due_moment(issued_at: int) -> float:
    """When a refresh token issued then is to be renewed; spread, so that not all come at once."""
    spread = random.uniform(-SPREAD_DAYS, SPREAD_DAYS) / 2  # noqa: S311 no secret
    return issued_at + (KEEP_ALIVE_DAYS + spread) * DAY


def _name(member_id: str, user_id: int | str) -> str:
    return f"{member_id} {user_id}"
