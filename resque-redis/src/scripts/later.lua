-- Jobs that wait in our own delayed set: the due times by number of coming, and under the same
-- numbers the queue and the payload, with a line break between them.

local DUE, LATER = prefix .. 'rs:delayed', prefix .. 'rs:delayed:jobs'

-- The first of the two keys that cannot be written, and why.
local function later_blocked()
  local err = unusable('ZCARD', DUE)
  if err then return DUE, err end
  err = unusable('HLEN', LATER)
  if err then return LATER, err end
  local last = call('HGET', LATER, 'seq')
  if last and not find(last, '^%d+$') then return LATER, 'ERR its field seq is no number' end
end

local function later(due, queue, payload)
  local number = string.format('%016d', call('HINCRBY', LATER, 'seq', 1))
  call('HSET', LATER, number, queue .. '\n' .. payload)
  call('ZADD', DUE, due, number)
end

