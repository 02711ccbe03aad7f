"""Where each installation stands in its life, and when to look what became of a portal.

Every step compares the state it starts from inside the store, so that a late one changes nothing.
It also keeps the name of the question it has answered: a broken connection has it asked again.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from typing import Final

import redis

from b24app import keys
from b24app.records import Departure, Life
from b24app.store.access import Answers, translated
from b24app.store.inbox_scripts import Script

# KEYS: installation, departure. ARGV: name of the question, new state, now, id of the departure it
# ends or "", whether that one was refuted, then the states it may come from. Returns the state
# before, or "".
MOVE: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then return '' end
local moved = redis.call('HGET', KEYS[1], 'moved') or ''
if string.sub(moved, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then
  return string.sub(moved, #ARGV[1] + 2)
end
local before = redis.call('HGET', KEYS[1], 'state') or 'new'
if ARGV[4] ~= '' and redis.call('HGET', KEYS[2], 'id') ~= ARGV[4] then return '' end
for i = 6, #ARGV do
  if ARGV[i] == before then
    redis.call('HSET', KEYS[1], 'state', ARGV[2], 'since', ARGV[3],
      'moved', ARGV[1] .. ' ' .. before)
    if ARGV[5] == '1' then redis.call('HSET', KEYS[1], 'refuted_at', ARGV[3]) end
    if before == 'uninstalling' then redis.call('DEL', KEYS[2]) end
    return before
  end
end
return ''
"""

# KEYS: installation, departure. ARGV: id, now, clean. Announced again it is still one; that
# everything is to go must be said each time, for nothing brings it back. Returns 1 when it begins.
BEGIN: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local known = redis.call('HGET', KEYS[2], 'id')
if known == ARGV[1] then return 1 end
if known then
  if ARGV[3] == '0' then redis.call('HSET', KEYS[2], 'clean', '0') end
  return 0
end
local before = redis.call('HGET', KEYS[1], 'state') or 'new'
redis.call('HSET', KEYS[2], 'id', ARGV[1], 'began', ARGV[2], 'clean', ARGV[3],
  'before', before, 'looks', 0, 'word', '', 'word_since', ARGV[2])
redis.call('HSET', KEYS[1], 'state', 'uninstalling', 'since', ARGV[2])
return 1
"""

# KEYS: departure. ARGV: id, word, now, name of the question. Returns its fields, none when it has
# ended.
HEAR: Final = """
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return {} end
if redis.call('HGET', KEYS[1], 'heard') == ARGV[4] then return redis.call('HGETALL', KEYS[1]) end
redis.call('HINCRBY', KEYS[1], 'looks', 1)
redis.call('HSET', KEYS[1], 'heard', ARGV[4])
if redis.call('HGET', KEYS[1], 'word') ~= ARGV[2] then
  redis.call('HSET', KEYS[1], 'word', ARGV[2], 'word_since', ARGV[3])
end
return redis.call('HGETALL', KEYS[1])
"""


class Departures:
    """States of all installations, and the departures that are being confirmed."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis: Answers = client
        self._move = Script(client, MOVE)
        self._begin = Script(client, BEGIN)
        self._hear = Script(client, HEAR)

    @translated
    def move(
        self,
        member_id: str,
        before: Collection[Life],
        after: Life,
        *,
        departure: str = "",
        refuted: bool = False,
    ) -> Life | None:
        """Go from one of these states to ``after``; returns the state before.

        None, and nothing changed, when it is in none of them. Whoever leaves ``uninstalling``
        ends the departure; with an id only if it is that one.
        """
        names = (keys.installation(member_id), keys.departure(member_id))
        how = (after.value, int(time.time()), departure, int(refuted))
        found = self._move(names, secrets.token_hex(8), *how, *(state.value for state in before))
        return Life(found) if found else None

    @translated
    def begin(self, member_id: str, *, clean: bool) -> bool:
        """Note that an uninstall was announced; False when one was already, or nobody is there."""
        names = (keys.installation(member_id), keys.departure(member_id))
        return bool(self._begin(names, secrets.token_hex(8), int(time.time()), int(clean)))

    @translated
    def read(self, member_id: str) -> Departure | None:
        """The departure that is being confirmed, if there is one."""
        return _departure(self._redis.hgetall(keys.departure(member_id)))

    @translated
    def hear(self, member_id: str, known: Departure, word: str) -> Departure | None:
        """Note what was heard of it now; None when it has ended meanwhile."""
        now = int(time.time())
        this = (known.id, word, now, secrets.token_hex(8))
        found = self._hear((keys.departure(member_id),), *this)
        return _departure(dict(zip(found[::2], found[1::2], strict=True)))

    @translated
    def look_at(self, member_id: str, moment: float) -> None:
        """Have somebody look what became of the portal at this Unix time."""
        self._redis.zadd(keys.looks(), {member_id: moment})

    @translated
    def look_soon(self, member_id: str, moment: float) -> None:
        """As ``look_at``, unless a look is planned already."""
        self._redis.zadd(keys.looks(), {member_id: moment}, nx=True)

    @translated
    def look_no_more(self, member_id: str) -> None:
        """There is nothing to wait for."""
        self._redis.zrem(keys.looks(), member_id)

    @translated
    def take_due(self, limit: int, until: float, again: float) -> list[str]:
        """At most ``limit`` portals to be looked at by ``until``; each comes again at ``again``.

        Whoever else asks meanwhile gets others.
        """
        due = self._redis.zrangebyscore(keys.looks(), "-inf", until, start=0, num=limit)
        return [name for name in due if self._is_taken(name, again)]

    def _is_taken(self, name: str, again: float) -> bool:
        """A moment to the microsecond is one caller's: standing there it is ours already."""
        if self._redis.zadd(keys.looks(), {name: again}, xx=True, gt=True, ch=True):
            return True
        return bool(self._redis.zscore(keys.looks(), name) == again)


def _departure(fields: dict[str, str]) -> Departure | None:
    if not fields:
        return None
    return Departure(
        id=fields["id"],
        began=int(fields["began"]),
        clean=fields["clean"] == "1",
        before=Life(fields["before"]),
        looks=int(fields["looks"]),
        word=fields["word"],
        word_since=int(fields["word_since"]),
    )
