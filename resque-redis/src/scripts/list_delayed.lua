-- Reads delayed jobs in order of their time; changes nothing.
--
-- ARGV: 1 key prefix, 2 how many of each kind at most, 3 the time to begin at, in milliseconds,
--   4 the number of our own job to begin behind at that time, or '', 5 the second to begin at, 6 the
--   index in its list to begin at.
-- Reply: our own jobs as triples of number, due time, and queue and job; resque-scheduler's as
--   quadruples of time, text of the second, index, and item; or false, the key that cannot be read,
--   and the error.

local most, second, index = tonumber(ARGV[2]), ARGV[5], tonumber(ARGV[6])
local SCHEDULE = prefix .. 'delayed_queue_schedule'

local key, err = later_blocked()
if key then return { false, key, err } end
err = unusable('ZCARD', SCHEDULE)
if err then return { false, SCHEDULE, err } end

local own = walk(DUE, LATER, most, ARGV[3], ARGV[4])

local items, count, offset = {}, 0, 0
while count < most do
  local part = call('ZRANGEBYSCORE', SCHEDULE, second, '+inf', 'WITHSCORES', 'LIMIT', offset, 100)
  if #part == 0 then break end
  for i = 1, #part, 2 do
    local first = 0
    if tonumber(part[i + 1]) == tonumber(second) then first = index end
    local found = try('LRANGE', prefix .. 'delayed:' .. part[i], first, first + most - count - 1)
    -- A list that is none is told by the promotion.
    for k = 1, found.err and 0 or #found do
      local n = 4 * count
      items[n + 1], items[n + 2], items[n + 3], items[n + 4] =
        part[i + 1], part[i], first + k - 1, found[k]
      count = count + 1
    end
    if count >= most then break end
  end
  offset = offset + 100
end
return { own, items }
