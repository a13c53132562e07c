-- Forgets all about schedules.
--
-- ARGV: 1 key prefix, then the names.
-- Reply for each: whether anything was known; or false, the key that stopped everything, and the
--   error.

local key, err = schedules_blocked()
if key then return { false, key, err } end
local results = {}
for at = 2, #ARGV do
  local name, known = ARGV[at], 0
  for _, key in ipairs({ DEFINITIONS, OFF, CLOCKS, LAST, NOTED }) do
    known = math.max(known, call('HDEL', key, name))
  end
  tell_change(name)
  results[at - 1] = known
end
call('INCRBY', VERSION, 1)
return results
