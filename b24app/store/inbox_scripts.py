"""The Lua of the inbox: each script is one step that happens as a whole or not at all.

All keys of a script are handed in and belong to one inbox, so to one slot of a cluster. A broken
connection has a script sent again, so each gives the same question the same answer: *called* holds
who was told to call the reader.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from redis.exceptions import NoScriptError

from b24app.store.access import Answers

# Takes an event in when it is proven, unless it was seen within a day. KEYS: installation, inbox,
# seen, state, reader. ARGV: digest of the application token, id, entry, now with microseconds, a
# day ago, most waiting, most bytes, most seen, seconds a called reader has. Returns 'unproven',
# 'known', 'full', 'kept', or 'call': nobody reads here, and the caller must call a reader. An event
# that was seen at this very moment is the same question again.
PUT: Final = """
if redis.call('HGET', KEYS[1], 'application_token_digest') ~= ARGV[1] then return 'unproven' end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[5])
local called = 'called ' .. ARGV[4]
local seen = redis.call('ZSCORE', KEYS[3], ARGV[2])
if seen then
  if tonumber(seen) ~= tonumber(ARGV[4]) then return 'known' end
  return redis.call('GET', KEYS[5]) == called and 'call' or 'kept'
end
local bytes = tonumber(redis.call('HGET', KEYS[4], 'bytes') or '0') + #ARGV[3]
if bytes > tonumber(ARGV[7]) or redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[6]) then
  return 'full'
end
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1 - tonumber(ARGV[8]))
redis.call('EXPIRE', KEYS[3], 86400)
redis.call('HSET', KEYS[4], 'bytes', bytes)
redis.call('RPUSH', KEYS[2], ARGV[3])
if redis.call('SET', KEYS[5], called, 'NX', 'EX', ARGV[9]) then return 'call' end
return 'kept'
"""

# The same for an event that is not proven: known only while it waits, few of one portal, whose
# oldest makes room unless it is in hand, and few in all. KEYS: inbox, later, state, reader. ARGV:
# id, entry, member id, now, most, most of one portal, seconds. Returns the answer, and the entry
# that was put out or ''.
PUT_CLAIM: Final = """
local id, of = 'id ' .. ARGV[1], 'of ' .. ARGV[3]
local called = 'called ' .. ARGV[4]
local known = redis.call('HGET', KEYS[3], id)
if known == ARGV[3] .. ' ' .. ARGV[2] then
  return {redis.call('GET', KEYS[4]) == called and 'call' or 'kept', ''}
end
if known then return {'known', ''} end
local own, doing, oldest = {}, redis.call('HGET', KEYS[3], 'doing'), nil
for other in string.gmatch(redis.call('HGET', KEYS[3], of) or '', '%S+') do
  if oldest or other == doing then own[#own + 1] = other else oldest = other end
end
local all, out = tonumber(redis.call('HGET', KEYS[3], 'all') or '0'), ''
if oldest and #own + 1 >= tonumber(ARGV[6]) then
  out = string.sub(redis.call('HGET', KEYS[3], 'id ' .. oldest) or '', #ARGV[3] + 2)
  if redis.call('LREM', KEYS[1], 1, out) == 0 then redis.call('ZREM', KEYS[2], out) end
  redis.call('HDEL', KEYS[3], 'id ' .. oldest)
  all = all - 1
elseif all >= tonumber(ARGV[5]) then
  return {'full', ''}
elseif oldest then
  table.insert(own, 1, oldest)
end
own[#own + 1] = ARGV[1]
redis.call('HSET', KEYS[3], id, ARGV[3] .. ' ' .. ARGV[2], of, table.concat(own, ' '),
  'all', all + 1)
redis.call('RPUSH', KEYS[1], ARGV[2])
if redis.call('SET', KEYS[4], called, 'NX', 'EX', ARGV[7]) then return {'call', out} end
return {'kept', out}
"""

# Says that a reader is on its way. KEYS: reader. ARGV: now with microseconds, seconds. Returns 1
# when the caller must call it: nobody reads, and nobody else has called.
CALL: Final = """
local called = 'called ' .. ARGV[1]
redis.call('SET', KEYS[1], called, 'NX', 'EX', ARGV[2])
return redis.call('GET', KEYS[1]) == called and 1 or 0
"""

# Makes the caller the one reader and brings back what is due. KEYS: reader, inbox, later.
# ARGV: owner, milliseconds of the lease, now. Returns 0 when somebody else reads.
OPEN: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and string.sub(holder, 1, 6) ~= 'called' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
for _, entry in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[3], 'LIMIT', 0, 100)) do
  redis.call('RPUSH', KEYS[2], entry)
  redis.call('ZREM', KEYS[3], entry)
end
return 1
"""

EXTEND: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

# Ends a reader's turn. KEYS: reader, inbox. ARGV: owner, seconds a called reader has.
# Returns 1 when something waits and a reader must be called.
CLOSE: Final = """
local holder, called = redis.call('GET', KEYS[1]), 'called ' .. ARGV[1]
if holder == called then return 1 end
if holder ~= ARGV[1] then return 0 end
if redis.call('LLEN', KEYS[2]) == 0 then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('SET', KEYS[1], called, 'EX', ARGV[2])
return 1
"""

# Notes that an event is being done. KEYS: reader, inbox, state. ARGV: owner, milliseconds, entry,
# id, name of this beginning. Returns how often it was begun, 0 when it is not the reader's turn or
# not the first.
BEGIN: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if redis.call('LINDEX', KEYS[2], 0) ~= ARGV[3] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local state = redis.call('HMGET', KEYS[3], 'doing', 'begun', 'by')
local begun = state[1] == ARGV[4] and tonumber(state[2]) or 0
if begun > 0 and state[3] == ARGV[5] then return begun end
redis.call('HSET', KEYS[3], 'doing', ARGV[4], 'begun', begun + 1, 'by', ARGV[5])
return begun + 1
"""

# Takes the first event out, all in one: it is counted as done, set aside, or a dead letter.
# KEYS: inbox, state, events, later, dead letters. ARGV: entry, id, end, then for 'done' its name,
# now, most names; for 'later' the new entry, when it is due; for 'dead' the letter, most letters.
# Returns 0 when it is not the first any more: it was taken out before, by whomever.
END: Final = """
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return 0 end
redis.call('LPOP', KEYS[1])
redis.call('HDEL', KEYS[2], 'doing', 'begun', 'by')
local bytes = -#ARGV[1]
if ARGV[3] == 'done' then
  local name = ARGV[4]
  if redis.call('HLEN', KEYS[3]) >= 2 * tonumber(ARGV[6])
    and redis.call('HEXISTS', KEYS[3], name) == 0 then name = 'other' end
  redis.call('HINCRBY', KEYS[3], name, 1)
  redis.call('HSET', KEYS[3], name .. ' at', ARGV[5])
elseif ARGV[3] == 'later' then
  redis.call('ZADD', KEYS[4], ARGV[5], ARGV[4])
  bytes = bytes + #ARGV[4]
elseif ARGV[3] == 'dead' then
  redis.call('RPUSH', KEYS[5], ARGV[4])
  redis.call('LTRIM', KEYS[5], -tonumber(ARGV[5]), -1)
end
local claim = redis.call('HGET', KEYS[2], 'id ' .. ARGV[2])
if claim then
  local member = string.match(claim, '%S+')
  if ARGV[3] == 'later' then
    redis.call('HSET', KEYS[2], 'id ' .. ARGV[2], member .. ' ' .. ARGV[4])
  else
    local own = {}
    for other in string.gmatch(redis.call('HGET', KEYS[2], 'of ' .. member) or '', '%S+') do
      if other ~= ARGV[2] then own[#own + 1] = other end
    end
    redis.call('HDEL', KEYS[2], 'id ' .. ARGV[2], #own == 0 and 'of ' .. member or '')
    if #own > 0 then redis.call('HSET', KEYS[2], 'of ' .. member, table.concat(own, ' ')) end
    if redis.call('HINCRBY', KEYS[2], 'all', -1) <= 0 then redis.call('HDEL', KEYS[2], 'all') end
  end
elseif redis.call('HINCRBY', KEYS[2], 'bytes', bytes) <= 0 then
  redis.call('HDEL', KEYS[2], 'bytes')
end
return 1
"""

# Puts a dead letter back. KEYS: dead letters, inbox, state, reader. ARGV: letter, entry, seconds.
# Returns 0 when it is gone, 1, or 2: a reader must be called. The entry is sealed as no other.
REVIVE: Final = """
local called = 'called ' .. redis.sha1hex(ARGV[1])
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then
  if redis.call('GET', KEYS[4]) == called then return 2 end
  return redis.call('LPOS', KEYS[2], ARGV[2]) and 1 or 0
end
redis.call('RPUSH', KEYS[2], ARGV[2])
redis.call('HINCRBY', KEYS[3], 'bytes', #ARGV[2])
if redis.call('SET', KEYS[4], called, 'NX', 'EX', ARGV[3]) then return 2 end
return 1
"""


class Script:
    """A Lua script that is sent by its digest, and in full to a store that has forgotten it."""

    def __init__(self, client: Answers, text: str) -> None:
        self._redis = client
        self._text = text
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, names: tuple[str, ...], *arguments: str | int) -> Any:  # noqa: ANN401
        """Run it on these keys."""
        try:
            return self._redis.evalsha(self._digest, len(names), *names, *arguments)
        except NoScriptError:  # a new or restarted store
            return self._redis.eval(self._text, len(names), *names, *arguments)
