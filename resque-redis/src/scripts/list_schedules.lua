-- Reads all that is known about schedules, as of one moment.
--
-- ARGV: 1 key prefix.
-- Reply: the definitions, those switched off, the clocks, and when each fired last and when it
--   fired last by us, flat; or false, the key that cannot be used, and the error.

local key, err = schedules_blocked()
if key then return { false, key, err } end
local all = {}
for i, hash in ipairs({ DEFINITIONS, OFF, CLOCKS, LAST, NOTED }) do all[i] = call('HGETALL', hash) end
return all
