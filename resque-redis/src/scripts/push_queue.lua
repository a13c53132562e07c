-- Puts jobs into one queue, all of them or none: the short form for what most calls are.
--
-- It looks at no type before it writes: the first write fails without a trace, and if the second
-- key turns out to be unusable the first write is undone.
--
-- ARGV: 1 key prefix, 2 queue, then the jobs.
-- Reply: the new length of the queue; or false, the key that stopped it, and the error.

local list, count = ARGV[1] .. 'queue:' .. ARGV[2], #ARGV - 2
local length
for from = 3, #ARGV, 1000 do
  length = redis.pcall('RPUSH', list, unpack(ARGV, from, math.min(from + 999, #ARGV)))
  if type(length) == 'table' then
    if string.sub(length.err, 1, 9) == 'WRONGTYPE' then return { false, list, length.err } end
    return length
  end
end

local added = redis.pcall('SADD', ARGV[1] .. 'queues', ARGV[2])
if type(added) == 'table' then
  if length == count then
    redis.call('DEL', list)
  else
    redis.call('LTRIM', list, 0, length - count - 1)
  end
  return { false, ARGV[1] .. 'queues', added.err }
end
return length
