-- Notes that workers live, if they are registered.
--
-- ARGV: 1 key prefix, 2 heartbeat, then the worker ids.
-- Reply: seconds and microseconds of the server's time, and the numbers of the workers that are not
--   registered; or false, the key that stopped everything, and the error.

local WORKERS, HEARTBEATS = prefix .. 'workers', prefix .. 'workers:heartbeat'
local err = unusable('SCARD', WORKERS)
if err then return { false, WORKERS, err } end
err = unusable('HLEN', HEARTBEATS)
if err then return { false, HEARTBEATS, err } end

local time, beats, gone = call('TIME'), {}, {}
for i = 3, #ARGV do
  if call('SISMEMBER', WORKERS, ARGV[i]) == 1 then
    beats[#beats + 1], beats[#beats + 2] = ARGV[i], ARGV[2]
  else
    gone[#gone + 1] = i - 2
  end
end
in_chunks('HSET', HEARTBEATS, beats)
return { time[1], time[2], gone }
