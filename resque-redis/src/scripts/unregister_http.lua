
-- Takes a worker over HTTP off a queue.
--
-- ARGV: 1 key prefix, 2 worker, 3 queue.
-- Reply: 1 if it was on it, else 0; or false, the key that stopped it, and the error.

local worker, queue = ARGV[2], ARGV[3]
local own, on = HTTP_WORKER .. worker, HTTP_ON .. queue
local checks = { { 'ZCARD', HTTP_WORKERS }, { 'HLEN', own }, { 'SCARD', on } }
for i = 1, #checks do
  local err = unusable(checks[i][1], checks[i][2])
  if err then return { false, checks[i][2], err } end
end
begin_writing()
local was_there = call('HDEL', own, 'on:' .. queue)
call('SREM', on, worker)
local fields = call('HKEYS', own)
for i = 1, #fields do
  if sub(fields[i], 1, 3) == 'on:' then return was_there end
end
forget_worker(worker)
return was_there
