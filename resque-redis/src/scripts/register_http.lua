
-- Registers a worker over HTTP on a queue.
--
-- ARGV: 1 key prefix, 2 worker, 3 queue, 4 now, 5 how many there may be.
-- Reply: 1, or 0 if there are too many; or false, the key that stopped it, and the error.

local worker, queue, now = ARGV[2], ARGV[3], ARGV[4]
local own, on = HTTP_WORKER .. worker, HTTP_ON .. queue
local checks = { { 'ZCARD', HTTP_WORKERS }, { 'HLEN', own }, { 'SCARD', on } }
for i = 1, #checks do
  local err = unusable(checks[i][1], checks[i][2])
  if err then return { false, checks[i][2], err } end
end
if not call('ZSCORE', HTTP_WORKERS, worker) and call('ZCARD', HTTP_WORKERS) >= tonumber(ARGV[5]) then
  return 0
end
call('HSET', own, 'started', now, 'processed', 0, 'failed', 0, 'on:' .. queue, 1)
call('SADD', on, worker)
call('ZADD', HTTP_WORKERS, now, worker)
return 1
