-- Reads all that is known about schedules, as of one moment.
--
-- ARGV: 1 key prefix.
-- Reply: the definitions, those switched off, the clocks, and when each fired last, flat; or false,
--   the key that cannot be used, and the error.

local key, err = schedules_blocked()
if key then return { false, key, err } end
return { call('HGETALL', DEFINITIONS), call('HGETALL', OFF), call('HGETALL', CLOCKS), call('HGETALL', LAST) }
