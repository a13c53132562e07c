-- Puts failed jobs back into queues and marks their entries, or removes entries, in one list.
--
-- ARGV: 1 key prefix, 2 the list's name, 3 a text that is no entry, then for each entry: index, its
--   SHA-1, what stands there afterwards (nothing if the entry is removed), queue or '', job.
-- Reply for each entry: 1 if it is done, 0 if another entry stands at that index by now, or the key
--   that cannot be used and the error; or false, the key that stopped everything, and the error.

local list, marker = prefix .. ARGV[2], ARGV[3]
local err = unusable('LLEN', list)
if err then return { false, list, err } end

-- What stands at the indices, read at once where they are close together: finding one place in the
-- middle of a long list takes long.
local first, last, count = math.huge, -1, 0
for i = 4, #ARGV, 5 do
  local index = tonumber(ARGV[i])
  first, last, count = math.min(first, index), math.max(last, index), count + 1
end
local block = nil
if count > 1 and last - first < 4 * count then block = call('LRANGE', list, first, last) end

local function stands_at(index)
  if block then return block[index - first + 1] end
  return call('LINDEX', list, index)
end

-- The key that keeps a job from being put back, and why.
local function blocked(queue)
  if queue == '' then return end
  local key = prefix .. 'queue:' .. queue
  local err = unusable('LLEN', key)
  if err then return { key, err } end
  err = unusable('SCARD', SET_OF_QUEUES)
  if err then return { SET_OF_QUEUES, err } end
end

local results, removed, touched = {}, 0, {}
for i = 4, #ARGV, 5 do
  local index, after, queue = tonumber(ARGV[i]), ARGV[i + 2], ARGV[i + 3]
  local entry = not touched[index] and stands_at(index)
  local result = 0
  if entry and redis.sha1hex(entry) == ARGV[i + 1] then
    result = blocked(queue)
    if not result then
      begin_writing()
      touched[index] = true
      if after == '' then
        call('LSET', list, index, marker)
        removed = removed + 1
      else
        call('LSET', list, index, after)
      end
      if queue ~= '' then
        call('SADD', SET_OF_QUEUES, queue)
        call('RPUSH', prefix .. 'queue:' .. queue, ARGV[i + 4])
      end
      result = 1
    end
  end
  results[#results + 1] = result
end
-- In the same step, so that nobody ever reads the marker.
if removed > 0 then call('LREM', list, removed, marker) end
return results
