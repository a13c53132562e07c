-- Keeps the sample of a minute that has none, and removes those that are too old.
--
-- ARGV: 1 key prefix, 2 the number of the minute, 3 the number of the oldest one that stays, 4 for how many
--   seconds the key stays without another sample, 5 the sample.
-- Reply: 1 if it was kept, else 0; or false, the key that stopped everything, and the error.

local key, minute = prefix .. 'rs:history', ARGV[2]
local known = try('ZCOUNT', key, minute, minute)
local err = failed(known)
if err then return { false, key, err } end
if known > 0 then return 0 end
call('ZADD', key, minute, minute .. ':' .. ARGV[5])
-- Whatever becomes of the old ones, the sample is kept.
try('ZREMRANGEBYSCORE', key, '-inf', '(' .. ARGV[3])
try('EXPIRE', key, ARGV[4])
return 1
