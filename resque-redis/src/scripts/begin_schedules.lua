-- Begins to follow schedules.
--
-- ARGV: 1 key prefix, 2 now in milliseconds, then for each schedule: name, timing.
-- Reply for each: up to which millisecond its ticks are settled, as text; or false, the key that
--   stopped everything, and the error.

local now = tonumber(ARGV[2])
local err = unusable('HLEN', CLOCKS)
if err then return { false, CLOCKS, err } end
local results = {}
for at = 3, #ARGV, 2 do
  local settled, timing = clock_of(ARGV[at])
  if not settled or timing ~= ARGV[at + 1] then settled = begin(ARGV[at], ARGV[at + 1], now) end
  results[#results + 1] = string.format('%.0f', settled)
end
return results
