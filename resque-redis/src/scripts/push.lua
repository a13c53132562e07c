-- Puts jobs into queues and into the delayed sets, all of them or none.
--
-- ARGV: 1 key prefix, 2 number of queues, 3 of resque-scheduler's items, 4 of our own delayed jobs,
--   then for each queue: name, number of jobs, jobs; for each item: second, item; for each delayed
--   job: due, queue, payload.
-- Reply: the new lengths of the queues; or false, the key that stopped everything, and the error.

local queues, items, delayed = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local SCHEDULE = prefix .. 'delayed_queue_schedule'

local at = 5
local groups = {}
for q = 1, queues do
  local count = tonumber(ARGV[at + 1])
  groups[q] = { ARGV[at], prefix .. 'queue:' .. ARGV[at], at + 2, at + 1 + count }
  at = at + 2 + count
end

-- The first key that cannot be written, and why.
local function blocked()
  local function check(command, key)
    local err = unusable(command, key)
    if err then return key, err end
  end
  local key, err
  if queues > 0 then key, err = check('SCARD', SET_OF_QUEUES) end
  for q = 1, queues do
    if not key then key, err = check('LLEN', groups[q][2]) end
  end
  if items > 0 and not key then key, err = check('ZCARD', SCHEDULE) end
  for i = at, at + 2 * items - 1, 2 do
    if not key then key, err = check('LLEN', prefix .. 'delayed:' .. ARGV[i]) end
    if not key then key, err = check('SCARD', prefix .. 'timestamps:' .. ARGV[i + 1]) end
  end
  if delayed > 0 and not key then key, err = later_blocked() end
  return key, err
end

local key, err = blocked()
if key then return { false, key, err } end

local lengths = {}
local names = {}
for q = 1, queues do names[q] = groups[q][1] end
in_chunks('SADD', SET_OF_QUEUES, names)
for q = 1, queues do
  local _, list, first, last = unpack(groups[q])
  for from = first, last, CHUNK do
    lengths[q] = call('RPUSH', list, unpack(ARGV, from, math.min(from + CHUNK - 1, last)))
  end
end
for i = at, at + 2 * items - 1, 2 do
  local second, item = ARGV[i], ARGV[i + 1]
  call('RPUSH', prefix .. 'delayed:' .. second, item)
  call('SADD', prefix .. 'timestamps:' .. item, 'delayed:' .. second)
  call('ZADD', SCHEDULE, second, second)
end
at = at + 2 * items
for i = at, at + 3 * delayed - 1, 3 do later(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
return lengths
