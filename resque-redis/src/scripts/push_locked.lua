-- Puts jobs into queues and into the delayed sets, all of them or none but those whose lock somebody
-- else holds; and none at all if somebody holds the lock for all of them. That one is not held afterwards
-- if no job was put in.
--
-- ARGV: 1 key prefix, 2 name of the lock for all or '', then, if there is one, holder, now and until;
--   then for each job: name of its lock or '', then, if it has one, holder, now and
--   until; where it goes, and what belongs to that:
--   q (a queue)                   queue, job
--   i (resque-scheduler's keys)   second, item
--   o (our own delayed set)       due, queue, payload
-- Reply for each job: the length of its queue, 0 if it waits for its time, -1 if it was not put in; or one
--   -2 if somebody holds the lock for all; or false, the key that stopped everything, and the error.

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

-- The lock that begins at an argument, where the next thing begins, and what is wrong with it.
local function lock_at(i)
  local lock = { name = ARGV[i] }
  if lock.name == '' then return lock, i + 1 end
  lock.holder, lock.now, lock.till = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  return lock, i + 4, check('ZCARD', LEASE .. lock.name)
end

local function take_lock(lock)
  -- First what a full store refuses.
  hold(lock.name, lock.holder, lock.till, tonumber(lock.now))
  try('ZREMRANGEBYSCORE', LEASE .. lock.name, '-inf', lock.now)
end

local once, at, key, err = lock_at(2)
if key then return { false, key, err } end
local jobs, any = {}, false
while at <= #ARGV do
  local job
  job, at, key, err = lock_at(at)
  if key then return { false, key, err } end
  any = any or job.name == '' or is_free(job.name, job.now)
  job.place, job.at = ARGV[at], at + 1
  key, err = blocked(job.place, job.at)
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

if once.name ~= '' then
  if not is_free(once.name, once.now) then return { -2 } end
  if any then take_lock(once) end
end
local answers = {}
for j = 1, #jobs do
  local job = jobs[j]
  if job.name ~= '' and not is_free(job.name, job.now) then
    answers[j] = -1
  else
    if job.name ~= '' then take_lock(job) end
    answers[j] = put(job.place, job.at)
  end
end
return answers
