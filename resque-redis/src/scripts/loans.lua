
-- Jobs that are lent. Times are microseconds since 1970.
--
-- `rs:loans` says until when each loan lasts, by its number; `rs:loans:jobs` holds under that number, a
-- line break behind each, the token of the receipt, the queue, the holder or nothing, since when it is
-- lent, and which attempt it is; and then the payload. Its field `seq` is the last number.
-- `rs:loans:losses` says how often loans of a job ran out, by the digest of queue and payload, and
-- `rs:loans:lost` when the last of them did.

local LOANS, LENT = prefix .. 'rs:loans', prefix .. 'rs:loans:jobs'
local LOST, LOSSES = prefix .. 'rs:loans:lost', prefix .. 'rs:loans:losses'
-- For how long a loss is remembered.
local DAY = 86400 * 1000000

-- The first of these keys that cannot be used, and why.
local function loans_blocked()
  local checks = { { 'ZCARD', LOANS }, { 'HLEN', LENT }, { 'ZCARD', LOST }, { 'HLEN', LOSSES } }
  for i = 1, #checks do
    local err = unusable(checks[i][1], checks[i][2])
    if err then return checks[i][2], err end
  end
  local last = call('HGET', LENT, 'seq')
  if last and not find(last, '^%d+$') then return LENT, 'ERR its field seq is no number' end
end

-- The parts of what is stored of a loan; nothing if nobody can read it.
local function parts_of(entry)
  local token, queue, holder, since, attempt, at =
    string.match(entry, '^([^\n]*)\n([^\n]+)\n([^\n]*)\n(%d+)\n(%d+)\n()')
  if not token then return nil end
  return { token = token, queue = queue, holder = holder, since = since, attempt = attempt, at = at }
end

-- What is stored under these numbers, in their order.
local function stored(numbers)
  local entries = {}
  for from = 1, #numbers, CHUNK do
    local part = call('HMGET', LENT, unpack(numbers, from, math.min(from + CHUNK - 1, #numbers)))
    for i = 1, #part do entries[from + i - 1] = part[i] end
  end
  return entries
end

local function digest_of(queue, payload) return redis.sha1hex(queue .. '\n' .. payload) end

-- How often loans of a job ran out within a day before `now`.
local function losses_of(digest, now)
  local last = call('ZSCORE', LOST, digest)
  if not last or tonumber(last) + DAY <= tonumber(now) then return 0 end
  return tonumber(call('HGET', LOSSES, digest) or 0) or 0
end

local function forget_losses(digests)
  in_chunks('HDEL', LOSSES, digests)
  in_chunks('ZREM', LOST, digests)
end

-- Puts back at most so many loans that are over at `now`, and answers how many there were. Everything that
-- it needs was found to be usable but the queues, of which it looks at each.
local function put_back(now, most)
  local over = call('ZRANGEBYSCORE', LOANS, '-inf', now, 'LIMIT', 0, most)
  if #over == 0 then return 0 end
  local err = unusable('SCARD', SET_OF_QUEUES)
  if err then
    trouble(0, SET_OF_QUEUES, err)
    return 0
  end
  -- In the order of their numbers, which have all the same length.
  table.sort(over)
  local entries = stored(over)
  local fronts, gone, digests, count = {}, {}, {}, 0
  for i = #over, 1, -1 do
    local loan = entries[i] and parts_of(entries[i])
    local key = loan and prefix .. 'queue:' .. loan.queue
    err = entries[i] and not loan and 'ERR the loan ' .. over[i] .. ' cannot be read'
    if loan then
      key, err = prefix .. 'queue:' .. loan.queue, unusable('LLEN', prefix .. 'queue:' .. loan.queue)
    end
    if err then
      trouble(0, key or LENT, err)
    else
      gone[#gone + 1] = over[i]
      if loan then
        local payload = sub(entries[i], loan.at)
        local front = fronts[loan.queue] or {}
        fronts[loan.queue] = front
        front[#front + 1] = payload
        digests[#digests + 1] = digest_of(loan.queue, payload)
        count = count + 1
      end
    end
  end
  if #gone == 0 then return 0 end
  begin_writing()
  for queue, front in pairs(fronts) do
    call('SADD', SET_OF_QUEUES, queue)
    in_chunks('LPUSH', prefix .. 'queue:' .. queue, front)
  end
  in_chunks('ZREM', LOANS, gone)
  in_chunks('HDEL', LENT, gone)
  forget_losses(call('ZRANGEBYSCORE', LOST, '-inf', string.format('%.0f', now - DAY), 'LIMIT', 0, CHUNK))
  for i = 1, #digests do
    call('HSET', LOSSES, digests[i], losses_of(digests[i], now) + 1)
    call('ZADD', LOST, now, digests[i])
  end
  return count
end

-- When the next loan is over, or nothing.
local function next_over() return call('ZRANGE', LOANS, 0, 0, 'WITHSCORES')[2] or false end

-- What is stored of the loan of this number and token that lasts beyond `now`; nothing if there is none.
local function held_loan(number, token, now)
  local till = call('ZSCORE', LOANS, number)
  if not till or tonumber(till) <= tonumber(now) then return nil end
  local entry = call('HGET', LENT, number)
  local loan = entry and parts_of(entry)
  if not loan or loan.token ~= token then return nil end
  loan.entry, loan.till = entry, till
  return loan
end
