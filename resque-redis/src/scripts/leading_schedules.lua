-- Tells who fires schedules, and claims nothing.
--
-- ARGV: 1 key prefix, 2 now in milliseconds.
-- Reply: what the schedules are; who leads, empty if nobody does. Or false, the key that cannot be
--   used, and the error.

local now = tonumber(ARGV[2])
local version, leader, till = who_leads()
if not version then return { false, leader, till } end
return { version, leader and till > now and leader or '' }
