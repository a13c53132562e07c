-- Finds out which writing commands the user is not allowed to run, by running each on a key that
-- holds nothing before and nothing afterwards.
--
-- A script that were stopped by a missing permission half-way would leave half of its work.
--
-- ARGV: 1 key prefix.
-- Reply: the names of the commands that are not allowed.

local key = prefix .. 'rs:'
local probes = {
  { 'DEL', key }, { 'SET', key, 0 }, { 'SETNX', key, 0 }, { 'MSET', key, 0 },
  { 'INCRBY', key, 0 }, { 'DEL', key },
  { 'LPUSH', key, 0 }, { 'RPUSH', key, 0 }, { 'LSET', key, 0, 0 }, { 'LREM', key, 1, 0 },
  { 'LTRIM', key, 1, 0 }, { 'DEL', key },
  { 'SADD', key, 0 }, { 'SREM', key, 0 },
  { 'HSET', key, 0, 0 }, { 'HINCRBY', key, 0, 0 }, { 'HDEL', key, 0 }, { 'DEL', key },
  { 'ZADD', key, 0, 0 }, { 'ZREM', key, 0 },
}
local denied, told = {}, {}
for p = 1, #probes do
  local reply = try(unpack(probes[p]))
  local err = failed(reply)
  local refused = err and (find(err, 'NOPERM', 1, true) or find(err, "can't run this", 1, true)
    or find(err, "can't access", 1, true))
  -- A server that takes no writes at all tells nothing about permissions.
  if p == 1 and err and not refused then return reply end
  if refused and not told[probes[p][1]] then
    told[probes[p][1]] = true
    denied[#denied + 1] = probes[p][1]
  end
end
return denied
