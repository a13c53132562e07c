-- Asking queues in the order of a list.

-- The known queue names if they are not those that the list was resolved with, else false.
local names = false

-- Compares the names that exist with how many there were and, if `exactly`, with their digest.
local function names_changed(exactly, known_count, digest)
  local size = try('SCARD', SET_OF_QUEUES)
  if failed(size) then
    trouble(0, SET_OF_QUEUES, size.err)
    return false
  end
  local same = tostring(size) == known_count
  if same and not exactly then return false end
  local members = call('SMEMBERS', SET_OF_QUEUES)
  if same and redis.sha1hex(table.concat(members, '\n')) == digest then return false end
  names = members
  return true
end

local function is_stopped(queue)
  local key = prefix .. 'pause:queue:' .. queue
  local value = try('GET', key)
  local err = failed(value)
  if err then trouble(0, key, err) end
  return not err and value == 'true'
end

-- Calls `take(number, queue, key)` for each of the `count` queues from ARGV[first] on that may hold
-- jobs, until it answers true. Most of many are empty, and one call tells it of 64 of them.
local function ask(first, count, take)
  for from = 1, count, 64 do
    local to = math.min(from + 63, count)
    local keys = {}
    for q = from, to do keys[q - from + 1] = prefix .. 'queue:' .. ARGV[first + q - 1] end
    if #keys < 8 or call('EXISTS', unpack(keys)) > 0 then
      for q = from, to do
        if take(q, ARGV[first + q - 1], keys[q - from + 1]) then return end
      end
    end
  end
end

