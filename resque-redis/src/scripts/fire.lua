-- Fires ticks of schedules, each at most once: settles the tick and pushes the job in one step.
--
-- ARGV: 1 key prefix, 2 who fires, 3 the time to note as Ruby writes it, 4 the lock of
--   resque-scheduler's master, then for each tick: name, timing, tick in milliseconds, 1 if the
--   definition has to be stored, 1 if it fires for the master only, queue or '' if nothing is
--   pushed, job.
-- Reply for each: 1 fired; text: already, up to which millisecond; -1 changed; -2 switched off;
--   -3 somebody else is the master; or the key that cannot be used, and the error. Or false, the
--   key that stopped everything, and the error.

local holder, noted, lock = ARGV[2], ARGV[3], ARGV[4]
-- For how many seconds the lock is taken if nobody holds it.
local HOLD = 15
local key, err = schedules_blocked()
if key then return { false, key, err } end
local master = try('GET', lock)
err = failed(master)
if err then return { false, lock, err } end

local function fire(name, timing, tick, stored, as_master, queue, job)
  if call('HEXISTS', OFF, name) == 1 then return -2 end
  local settled, runs = clock_of(name)
  if not settled or runs ~= timing then return -1 end
  if stored and call('HEXISTS', DEFINITIONS, name) == 0 then return -1 end
  if settled >= tick then return string.format('%.0f', settled) end
  if as_master and master and master ~= holder then return -3 end
  if queue ~= '' then
    local list = prefix .. 'queue:' .. queue
    local problem = unusable('LLEN', list)
    if problem then return { list, problem } end
    problem = unusable('SCARD', SET_OF_QUEUES)
    if problem then return { SET_OF_QUEUES, problem } end
  end
  set_clock(name, tick, timing)
  if as_master and not master then
    call('SET', lock, holder, 'EX', HOLD)
    master = holder
  end
  if queue ~= '' then
    call('SADD', SET_OF_QUEUES, queue)
    call('RPUSH', prefix .. 'queue:' .. queue, job)
    call('HSET', LAST, name, noted)
    call('HSET', NOTED, name, noted)
  end
  return 1
end

local results = {}
for at = 5, #ARGV, 7 do
  results[#results + 1] = fire(ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), ARGV[at + 3] == '1',
    ARGV[at + 4] == '1', ARGV[at + 5], ARGV[at + 6])
end
return results
