-- Puts workers on the registry.
--
-- ARGV: 1 key prefix, 2 started, 3 heartbeat, then the worker ids.
-- Reply: pairs of worker number and the note that it holds already; or false, the key that stopped
--   everything, and the error.

local WORKERS, HEARTBEATS = prefix .. 'workers', prefix .. 'workers:heartbeat'
local err = unusable('SCARD', WORKERS)
if err then return { false, WORKERS, err } end
err = unusable('HLEN', HEARTBEATS)
if err then return { false, HEARTBEATS, err } end

local held, beats = {}, {}
for i = 4, #ARGV do
  local id = ARGV[i]
  call('SADD', WORKERS, id)
  call('SETNX', prefix .. 'worker:' .. id .. ':started', ARGV[2])
  beats[#beats + 1], beats[#beats + 2] = id, ARGV[3]
  local note = try('GET', prefix .. 'worker:' .. id)
  if note and note ~= '' and not failed(note) then held[#held + 1], held[#held + 2] = i - 3, note end
end
in_chunks('HSET', HEARTBEATS, beats)
return held
