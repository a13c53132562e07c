-- Takes workers off the registry, unless they hold a job or have beaten since.
--
-- ARGV: 1 key prefix, then for each worker: id, 'f' if it is foreign, the heartbeat it must still
--   have or ''.
-- Reply for each worker: 1 if it is gone, 0 if it lives, or the note that it holds; or false, the
--   key that stopped everything, and the error.

local WORKERS, HEARTBEATS = prefix .. 'workers', prefix .. 'workers:heartbeat'
local err = unusable('SCARD', WORKERS)
if err then return { false, WORKERS, err } end
err = unusable('HLEN', HEARTBEATS)
if err then return { false, HEARTBEATS, err } end

-- While a Ruby worker prunes, foreign workers are its business: two would record the same job.
local pruning = call('EXISTS', prefix .. 'pruning_dead_workers_in_progress') == 1

local left = {}
for i = 2, #ARGV, 3 do
  local id, mark = ARGV[i], ARGV[i + 2]
  local key = prefix .. 'worker:' .. id
  -- Something else than text is no note: it goes with the worker.
  local note = try('GET', key)
  local beat = call('HGET', HEARTBEATS, id)
  -- Whoever is on no registry and has no heartbeat was removed by another janitor before.
  local there = beat or call('SISMEMBER', WORKERS, id) == 1
  if ARGV[i + 1] == 'f' and pruning or mark ~= '' and beat ~= mark and there then
    left[#left + 1] = 0
  elseif note and note ~= '' and not failed(note) then
    left[#left + 1] = note
  else
    call('SREM', WORKERS, id)
    call('HDEL', HEARTBEATS, id)
    call('DEL', key, key .. ':started',
      prefix .. 'stat:processed:' .. id, prefix .. 'stat:failed:' .. id)
    left[#left + 1] = 1
  end
end
return left
