-- Gives up firing schedules, and the lock of resque-scheduler's master with it.
--
-- ARGV: 1 key prefix, 2 who led, 3 the lock.
-- Reply: 1 if it was given up.

local holder, lock, key = ARGV[2], ARGV[3], prefix .. 'rs:schedules:lead'
local lead = try('GET', key)
local leader = type(lead) == 'string' and string.match(lead, '^%d+ [01] (.*)$')
if leader ~= holder then return 0 end
call('DEL', key)
if try('GET', lock) == holder then call('DEL', lock) end
return 1
