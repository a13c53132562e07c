-- Removes or moves waiting jobs by their exact bytes.
--
-- ARGV: 1 key prefix, then for each edit: queue, job, how many at most (0: all), and where to:
--   '' nowhere, '<' to the front, or '>' and the name of another queue.
-- Reply: how many jobs each edit found; or false, the key that stopped everything, and the error.

for i = 2, #ARGV, 4 do
  local to = ARGV[i + 3]
  local keys = { prefix .. 'queue:' .. ARGV[i] }
  if byte(to) == 62 then
    keys[2] = prefix .. 'queue:' .. sub(to, 2)
    local err = unusable('SCARD', SET_OF_QUEUES)
    if err then return { false, SET_OF_QUEUES, err } end
  end
  for k = 1, #keys do
    local err = unusable('LLEN', keys[k])
    if err then return { false, keys[k], err } end
  end
end

local function put(command, key, job, count)
  local copies = {}
  for i = 1, count do copies[i] = job end
  in_chunks(command, key, copies)
end

local counts = {}
for i = 2, #ARGV, 4 do
  local key, job, to = prefix .. 'queue:' .. ARGV[i], ARGV[i + 1], ARGV[i + 3]
  local found = call('LREM', key, ARGV[i + 2], job)
  if to == '<' then
    put('LPUSH', key, job, found)
  elseif to ~= '' and found > 0 then
    call('SADD', SET_OF_QUEUES, sub(to, 2))
    put('RPUSH', prefix .. 'queue:' .. sub(to, 2), job, found)
  end
  counts[#counts + 1] = found
end
return counts
