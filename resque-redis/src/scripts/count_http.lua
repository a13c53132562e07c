
-- Counts what was done over HTTP.
--
-- ARGV: 1 key prefix, 2 now, then for each tally: queue, worker or '', how many were performed, how many
--   failed.
-- Reply: 1; or false, the first key that could not be used, and the error; the others were counted.

local key, err
for i = 3, #ARGV, 4 do
  local bad, why = count_http(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[2])
  if bad and not key then key, err = bad, why end
end
if key then return { false, key, err } end
return 1
