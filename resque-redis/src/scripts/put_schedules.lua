-- Stores schedules, all of them or none.
--
-- ARGV: 1 key prefix, 2 now in milliseconds, then for each schedule: name, definition, timing, and
--   1 if it is switched on, 0 if not.
-- Reply: 1; or false, the key that stopped everything, and the error.

local now = tonumber(ARGV[2])
local key, err = schedules_blocked()
if key then return { false, key, err } end
for at = 3, #ARGV, 4 do
  local name, definition, timing, on = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3] == '1'
  local settled, before = clock_of(name)
  local was_off = call('HEXISTS', OFF, name) == 1
  if not settled or before ~= timing or (was_off and on) then begin(name, timing, now) end
  call('HSET', on and DEFINITIONS or OFF, name, definition)
  call('HDEL', on and OFF or DEFINITIONS, name)
  tell_change(name)
end
call('INCRBY', VERSION, 1)
return 1
