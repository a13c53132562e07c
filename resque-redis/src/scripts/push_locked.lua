-- Puts jobs into queues and into the delayed sets, all of them or none but those whose lock somebody
-- else holds.
--
-- ARGV: 1 key prefix, then for each job: name of its lock or '', then, if it has one, holder, now and
--   until; where it goes, and what belongs to that:
--   q (a queue)                   queue, job
--   i (resque-scheduler's keys)   second, item
--   o (our own delayed set)       due, queue, payload
-- Reply for each job: the length of its queue, 0 if it waits for its time, -1 if it was not put in; or
--   false, the key that stopped everything, and the error.

local SCHEDULE = prefix .. 'delayed_queue_schedule'
local SIZE = { q = 2, i = 2, o = 3 }

local function check(command, key)
  local err = unusable(command, key)
  if err then return key, err end
end

-- The first key that a job needs and that cannot be written, and why.
local function blocked(place, i)
  local key, err
  if place == 'q' then
    key, err = check('SCARD', SET_OF_QUEUES)
    if not key then key, err = check('LLEN', prefix .. 'queue:' .. ARGV[i]) end
  elseif place == 'i' then
    key, err = check('ZCARD', SCHEDULE)
    if not key then key, err = check('LLEN', prefix .. 'delayed:' .. ARGV[i]) end
    if not key then key, err = check('SCARD', prefix .. 'timestamps:' .. ARGV[i + 1]) end
  else
    key, err = later_blocked()
  end
  return key, err
end

local jobs = {}
local at = 2
while at <= #ARGV do
  local job = { name = ARGV[at] }
  at = at + 1
  if job.name ~= '' then
    job.holder, job.now, job.till = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    at = at + 3
    local key, err = check('ZCARD', LEASE .. job.name)
    if key then return { false, key, err } end
  end
  job.place, job.at = ARGV[at], at + 1
  local key, err = blocked(job.place, job.at)
  if key then return { false, key, err } end
  at = at + 1 + SIZE[job.place]
  jobs[#jobs + 1] = job
end

local function put(place, i)
  if place == 'q' then
    call('SADD', SET_OF_QUEUES, ARGV[i])
    return call('RPUSH', prefix .. 'queue:' .. ARGV[i], ARGV[i + 1])
  end
  if place == 'i' then
    local second, item = ARGV[i], ARGV[i + 1]
    call('RPUSH', prefix .. 'delayed:' .. second, item)
    call('SADD', prefix .. 'timestamps:' .. item, 'delayed:' .. second)
    call('ZADD', SCHEDULE, second, second)
  else
    later(ARGV[i], ARGV[i + 1], ARGV[i + 2])
  end
  return 0
end

local answers = {}
for j = 1, #jobs do
  local job = jobs[j]
  if job.name ~= '' and not is_free(job.name, job.now) then
    answers[j] = -1
  else
    if job.name ~= '' then
      -- First what a full store refuses.
      hold(job.name, job.holder, job.till, tonumber(job.now))
      try('ZREMRANGEBYSCORE', LEASE .. job.name, '-inf', job.now)
    end
    answers[j] = put(job.place, job.at)
  end
end
return answers
