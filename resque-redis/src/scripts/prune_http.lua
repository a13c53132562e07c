
-- Forgets workers over HTTP that were not heard of for long.
--
-- ARGV: 1 key prefix, 2 since when, 3 how many at most.
-- Reply: how many there were; or false, the key that stopped it, and the error.

local err = unusable('ZCARD', HTTP_WORKERS)
if err then return { false, HTTP_WORKERS, err } end
local silent = call('ZRANGEBYSCORE', HTTP_WORKERS, '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[3])
if #silent > 0 then begin_writing() end
for i = 1, #silent do forget_worker(silent[i]) end
return #silent
