-- Removes a queue with all its waiting jobs.
--
-- ARGV: 1 key prefix, 2 queue.
-- Reply: how many jobs waited; or false, the key that stopped it, and the error.

local key = prefix .. 'queue:' .. ARGV[2]
local err = unusable('LLEN', key)
if err then return { false, key, err } end
err = unusable('SCARD', SET_OF_QUEUES)
if err then return { false, SET_OF_QUEUES, err } end

local length = call('LLEN', key)
call('SREM', SET_OF_QUEUES, ARGV[2])
call('DEL', key)
return length
