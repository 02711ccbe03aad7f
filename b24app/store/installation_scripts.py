"""What changes or removes a portal's installation, each in one step inside Redis."""

from __future__ import annotations

from typing import Final

from b24app.store.changes import NOTE

# ARGV: four for each field: a guard and what it must hold, the field and its new value. Returns
# 'there' and the fields that hold their new value, nothing where there is no record. So whoever
# has to ask again, because an answer was lost, gets the same one.
UPDATE: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
local answer = {'there'}
for i = 1, #ARGV, 4 do
  if (redis.call('HGET', KEYS[1], ARGV[i]) or '') == ARGV[i + 1] then
    redis.call('HSET', KEYS[1], ARGV[i + 2], ARGV[i + 3])
  end
  if redis.call('HGET', KEYS[1], ARGV[i + 2]) == ARGV[i + 3] then
    table.insert(answer, ARGV[i + 2])
  end
end
return answer
"""

# KEYS: departure, removed, history, then what is deleted. ARGV: id of the departure this confirms,
# or "", name of the question, seconds it is remembered, for a broken connection has it asked again;
# then the line of history, if one is to stay. Returns 1 when everything was deleted, in the one
# step: whoever installs again finds nothing half gone.
REMOVE: Final = f"""{NOTE}
if redis.call('GET', KEYS[2]) == ARGV[2] then return 1 end
if ARGV[1] ~= '' and redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return 0 end
if ARGV[4] then note(3, 4) end
redis.call('DEL', KEYS[1])
for i = 6, #KEYS do redis.call('DEL', KEYS[i]) end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return 1
"""
