-- Moves delayed jobs, each only if it is still where it was seen.
--
-- ARGV: 1 key prefix, 2 the lock of resque-scheduler's master or '' if it does not matter, 3 who
--   moves, 4 for how many seconds to hold the lock, 0 to give it up, then the moves. A move is a
--   word of two letters, what identifies the job, and what belongs to the place it goes to.
--   The job: o (ours): number; i (resque-scheduler's item): second, item.
--   The place: n nowhere; q its queue (of an item: queue, job); f the failed list (list, set of
--   lists or '', the list's name in it, entry); a another time (ours: due in milliseconds; an item:
--   second); o our own set (of an item: due, queue, job). `ie` and a second: remove the second if
--   it has no items.
-- Reply for each move: 1 if it is done, 0 if the job was not there, or the key that cannot be used
--   and the error; or false, the lock that cannot be read, and the error; or nothing but 0 if
--   somebody else is the master.

local lock, holder, hold = ARGV[2], ARGV[3], tonumber(ARGV[4])
local SCHEDULE = prefix .. 'delayed_queue_schedule'

if lock ~= '' then
  local master = try('GET', lock)
  if failed(master) then return { false, lock, master.err } end
  if master and master ~= holder then return 0 end
  begin_writing()
  if hold > 0 then
    call('SET', lock, holder, 'EX', hold)
  elseif master and not leads_as_master(holder) then
    call('DEL', lock)
  end
end

local function check(command, name)
  local problem = unusable(command, name)
  if problem then return { name, problem } end
end

local function check_own()
  local key, problem = later_blocked()
  if key then return { key, problem } end
end

local function check_queue(queue)
  return check('LLEN', prefix .. 'queue:' .. queue) or check('SCARD', SET_OF_QUEUES)
end

local function check_failed(i)
  return check('LLEN', ARGV[i]) or ARGV[i + 1] ~= '' and check('SCARD', ARGV[i + 1]) or nil
end

local function push(queue, job)
  call('SADD', SET_OF_QUEUES, queue)
  call('RPUSH', prefix .. 'queue:' .. queue, job)
end

local function fail(i)
  if ARGV[i + 1] ~= '' then call('SADD', ARGV[i + 1], ARGV[i + 2]) end
  call('RPUSH', ARGV[i], ARGV[i + 3])
end

-- Moves one of our own jobs; `i` is where the place's arguments begin.
local function move_own(place, number, i)
  local problem = check_own()
  if problem then return problem end
  if not call('ZSCORE', DUE, number) then return 0 end
  local value = call('HGET', LATER, number)
  local cut = value and find(value, '\n', 1, true)
  if place == 'f' then problem = check_failed(i) end
  if place == 'q' and cut then problem = check_queue(sub(value, 1, cut - 1)) end
  if problem then return problem end
  begin_writing()
  if place == 'a' and cut then
    call('ZADD', DUE, ARGV[i], number)
    return 1
  end
  call('ZREM', DUE, number)
  call('HDEL', LATER, number)
  -- Without its job a due time is the rest of something that was wiped.
  if not cut then return 0 end
  if place == 'q' then push(sub(value, 1, cut - 1), sub(value, cut + 1)) end
  if place == 'f' then fail(i) end
  return 1
end

local function clean(second)
  if call('LLEN', prefix .. 'delayed:' .. second) == 0 then call('ZREM', SCHEDULE, second) end
end

local function move_item(place, second, item, i)
  local list, times = prefix .. 'delayed:' .. second, prefix .. 'timestamps:' .. item
  local problem = check('LLEN', list) or check('SCARD', times) or check('ZCARD', SCHEDULE)
  if place == 'q' then problem = problem or check_queue(ARGV[i]) end
  if place == 'f' then problem = problem or check_failed(i) end
  if place == 'o' then problem = problem or check_own() end
  if place == 'a' then problem = problem or check('LLEN', prefix .. 'delayed:' .. ARGV[i]) end
  if problem then return problem end
  begin_writing()
  if call('LREM', list, 1, item) == 0 then return 0 end
  call('SREM', times, 'delayed:' .. second)
  clean(second)
  if place == 'q' then push(ARGV[i], ARGV[i + 1]) end
  if place == 'f' then fail(i) end
  if place == 'o' then later(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
  if place == 'a' then
    call('RPUSH', prefix .. 'delayed:' .. ARGV[i], item)
    call('SADD', times, 'delayed:' .. ARGV[i])
    call('ZADD', SCHEDULE, ARGV[i], ARGV[i])
  end
  return 1
end

local OWN = { n = 0, q = 0, f = 4, a = 1 }
local ITEM = { n = 0, q = 2, f = 4, a = 1, o = 3 }

local results = {}
local at = 5
while at <= #ARGV do
  local kind, place = sub(ARGV[at], 1, 1), sub(ARGV[at], 2, 2)
  local result
  if kind == 'o' then
    result = move_own(place, ARGV[at + 1], at + 2)
    at = at + 2 + OWN[place]
  elseif place == 'e' then
    result = check('LLEN', prefix .. 'delayed:' .. ARGV[at + 1]) or check('ZCARD', SCHEDULE)
    if not result then
      begin_writing()
      clean(ARGV[at + 1])
      result = 1
    end
    at = at + 2
  else
    result = move_item(place, ARGV[at + 1], ARGV[at + 2], at + 3)
    at = at + 3 + ITEM[place]
  end
  results[#results + 1] = result
end
return results
