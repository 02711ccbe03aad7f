"""What changes a portal's chains, each in one step inside Redis.

KEYS[1] is always the hash of chains. A chain's text begins with its version, its state, the end
of its access token and when it was proven; ``gen`` gives out the versions. It starts at the Unix
time in milliseconds, so that a record made after an uninstall repeats no version of the one
before.
"""

from __future__ import annotations

from typing import Final

# KEYS[2]: the installation. ARGV: user, text after the version, how many chains stay, now in
# milliseconds, digest of the refresh token, how long the list of digests may be, name of the
# question. A token that is in the list brings nothing new: the pair it was spent for, a renewal
# under way and the version stay; the pair itself stands again if it had been given up. Answers
# the same question alike. Returns nothing where there is no installation, else whether the portal
# was waiting for this, then the users whose chains had to go.
KEEP: Final = """
if redis.call('EXISTS', KEYS[2]) == 0 then return false end
local before = redis.call('HGET', KEYS[1], 'kept')
if before and string.sub(before, 1, #ARGV[7] + 1) == ARGV[7] .. ' ' then
  return string.sub(before, #ARGV[7] + 2)
end
local known = redis.call('HGET', KEYS[1], 'gen')
if not known then redis.call('HSET', KEYS[1], 'gen', ARGV[4]) end
local waited = 1
local mine
local others = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if string.match(all[i], '^%d+$') then
    local state, proven = string.match(all[i + 1], '^%d+|(%a+)|%d+|(%d+)|')
    if state == 'alive' then waited = 0 end
    if all[i] == ARGV[1] then
      mine = {all[i + 1], state == 'alive'}
    else
      table.insert(others, {all[i], state == 'alive' and 1 or 0, tonumber(proven)})
    end
  end
end
local function answer(text)
  redis.call('HSET', KEYS[1], 'kept', ARGV[7] .. ' ' .. text)
  return text
end
if redis.call('HDEL', KEYS[1], 'trouble') == 1 then waited = 1 end
local list = redis.call('HGET', KEYS[1], 'was ' .. ARGV[1]) or ''
local place = mine and string.find(list, ARGV[5], 1, true)
if place then
  local version = string.match(mine[1], '^(%d+)|')
  local proven = string.match(ARGV[2], '^%a+|%d+|(%d+)|')
  local first, last = string.match(mine[1], '^(%d+|%a+|%d+|)%d+(|.*)$')
  if place == 1 and not mine[2] then
    redis.call('HSET', KEYS[1], ARGV[1], version .. '|' .. ARGV[2], 'use', ARGV[1])
  else
    redis.call('HSET', KEYS[1], ARGV[1], first .. proven .. last)
    if mine[2] then redis.call('HSET', KEYS[1], 'use', ARGV[1]) else waited = 0 end
  end
  return answer(tostring(waited))
end
redis.call('HDEL', KEYS[1], 'journal ' .. ARGV[1])
if not known then waited = 0 end
local version = redis.call('HINCRBY', KEYS[1], 'gen', 1)
list = string.sub(ARGV[5] .. ' ' .. list, 1, tonumber(ARGV[6]))
redis.call('HSET', KEYS[1], ARGV[1], version .. '|' .. ARGV[2], 'use', ARGV[1],
  'was ' .. ARGV[1], list)
table.sort(others, function(a, b)
  if a[2] ~= b[2] then return a[2] > b[2] end
  if a[3] ~= b[3] then return a[3] > b[3] end
  return a[1] < b[1]
end)
local text = tostring(waited)
for i = tonumber(ARGV[3]), #others do
  local user = others[i][1]
  redis.call('HDEL', KEYS[1], user, 'journal ' .. user, 'was ' .. user)
  text = text .. ' ' .. user
end
return answer(text)
"""

# ARGV: user, version that was spent, text after the version, the new sealed pair, use it, digest
# of the new refresh token, that of the spent one or "", how long the list of digests may be.
# A save whose answer was lost is found done. An older version than the one that was spent stands
# where a failover has brought back the past; it gives way, and no version is given out twice.
# Returns 1 when the new pair stands.
SAVE: Final = """
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if not entry then return 0 end
if tonumber(string.match(entry, '^(%d+)|')) > tonumber(ARGV[2]) then
  return string.find(entry, ARGV[4], 1, true) and 1 or 0
end
local version = math.max(tonumber(redis.call('HGET', KEYS[1], 'gen')), tonumber(ARGV[2])) + 1
version = string.format('%.0f', version)
local list = redis.call('HGET', KEYS[1], 'was ' .. ARGV[1]) or ''
for _, digest in ipairs({ARGV[7], ARGV[6]}) do
  if digest ~= '' and string.find(list, digest, 1, true) ~= 1 then list = digest .. ' ' .. list end
end
redis.call('HSET', KEYS[1], 'gen', version, ARGV[1], version .. '|' .. ARGV[3],
  'was ' .. ARGV[1], string.sub(list, 1, tonumber(ARGV[8])))
if ARGV[5] == '1' then redis.call('HSET', KEYS[1], 'use', ARGV[1]) end
redis.call('HDEL', KEYS[1], 'trouble', 'journal ' .. ARGV[1])
return 1
"""

# ARGV: user, version, state, reason, now, use it. ``since`` stays while the state does. Ends
# the chain's intent. Returns 1 when the chain was still that version.
MARK: Final = """
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if not entry or string.match(entry, '^(%d+)|') ~= ARGV[2] then return 0 end
local before, middle, issued, since, name = string.match(
  entry, '^%d+|(%a+)|(%d+|%d+|[^|]*)|(%d+)|(%d+)|%d+|[^|]*|(.*)$')
if before ~= ARGV[3] then since = ARGV[5] end
redis.call('HSET', KEYS[1], ARGV[1], table.concat(
  {ARGV[2], ARGV[3], middle, issued, since, ARGV[5], ARGV[4], name}, '|'))
if ARGV[6] == '1' then redis.call('HSET', KEYS[1], 'use', ARGV[1]) end
redis.call('HDEL', KEYS[1], 'journal ' .. ARGV[1])
return 1
"""

# KEYS[2]: the lease. ARGV: user, version, owner, now. Returns 1 when the intent is noted, and
# with it that the chain was tried: it is still that version and the lease the owner's.
BEGIN: Final = """
local lease = redis.call('GET', KEYS[2])
if not lease or string.match(lease, '^%x+') ~= ARGV[3] then return 0 end
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if not entry or string.match(entry, '^(%d+)|') ~= ARGV[2] then return 0 end
local before, after = string.match(
  entry, '^(%d+|%a+|%d+|%d+|[^|]*|%d+|%d+|)%d+(|.*)$')
redis.call('HSET', KEYS[1], ARGV[1], before .. ARGV[4] .. after,
  'journal ' .. ARGV[1], table.concat({ARGV[2], ARGV[3], ARGV[4]}, '|'))
return 1
"""

# ARGV: user, version, owner. Takes back what this owner noted.
ABANDON: Final = """
local journal = redis.call('HGET', KEYS[1], 'journal ' .. ARGV[1])
local prefix = ARGV[2] .. '|' .. ARGV[3] .. '|'
if journal and string.sub(journal, 1, #prefix) == prefix then
  redis.call('HDEL', KEYS[1], 'journal ' .. ARGV[1])
end
"""

# ARGV: generation, reason, now, keys that were refused. ``since`` stays while the reason does.
NOTE: Final = """
if redis.call('HGET', KEYS[1], 'gen') ~= ARGV[1] then return end
local since = ARGV[3]
local before = redis.call('HGET', KEYS[1], 'trouble')
if before then
  local reason, old = string.match(before, '^([^|]*)|(%d+)|')
  if reason == ARGV[2] then since = old end
end
redis.call('HSET', KEYS[1], 'trouble', table.concat({ARGV[2], since, ARGV[3], ARGV[4]}, '|'))
"""

# ARGV: generation, now. Returns 1 when it is noted: nothing was saved meanwhile.
LOCATE: Final = """
if redis.call('HGET', KEYS[1], 'gen') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'located', ARGV[2])
return 1
"""

# ARGV: user, version, the old sealed pair, the new one. Everything else stays as it stands.
# Returns 1 when the pair was still that one.
RESEAL: Final = """
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if not entry or string.match(entry, '^(%d+)|') ~= ARGV[2] then return 0 end
local from, to = string.find(entry, ARGV[3], 1, true)
if not from then return 0 end
redis.call('HSET', KEYS[1], ARGV[1],
  string.sub(entry, 1, from - 1) .. ARGV[4] .. string.sub(entry, to + 1))
return 1
"""
