-- Reads what is due, and when the next job is; changes nothing.
--
-- ARGV: 1 key prefix, 2 now in milliseconds, 3 how many jobs of each kind at most, 4 who asks,
--   5 the lock of resque-scheduler's master.
-- Reply: our own due jobs as pairs of number and due time in milliseconds; resque-scheduler's as
--   triples of time, text of the second, and item; seconds without items; when the next job of each
--   kind is due after now, in milliseconds and seconds, or nothing; who holds the lock, '' if
--   nobody does; trouble as triples of 0, key, and error.

local now, most, holder, lock = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local second = string.format('%d', math.floor(now / 1000))
local SCHEDULE = prefix .. 'delayed_queue_schedule'

local function after(key, limit)
  return call('ZRANGEBYSCORE', key, '(' .. limit, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2] or false
end

local own, next_own = {}, false
local err = unusable('ZCARD', DUE)
if err then
  trouble(0, DUE, err)
else
  own = call('ZRANGEBYSCORE', DUE, '-inf', now, 'WITHSCORES', 'LIMIT', 0, most)
  next_own = after(DUE, now)
end

-- While another process is the master its items are its business.
local master = try('GET', lock)
err = failed(master)
if err then
  trouble(0, lock, err)
  master = lock
end

local items, empty, next_item = {}, {}, false
err = unusable('ZCARD', SCHEDULE)
if err then
  trouble(0, SCHEDULE, err)
elseif not master or master == holder then
  next_item = after(SCHEDULE, second)
  local count, offset = 0, 0
  while count < most do
    local due = call('ZRANGEBYSCORE', SCHEDULE, '-inf', second, 'WITHSCORES', 'LIMIT', offset, 100)
    if #due == 0 then break end
    for i = 1, #due, 2 do
      local list = prefix .. 'delayed:' .. due[i]
      local found = try('LRANGE', list, 0, most - count - 1)
      if found.err then
        trouble(0, list, found.err)
      elseif #found == 0 and count < most then
        empty[#empty + 1] = due[i]
      end
      for k = 1, #found do
        local n = #items
        items[n + 1], items[n + 2], items[n + 3] = due[i + 1], due[i], found[k]
        count = count + 1
      end
      if count >= most then break end
    end
    offset = offset + 100
  end
end
return { own, items, empty, next_own, next_item, master or '', troubles }
