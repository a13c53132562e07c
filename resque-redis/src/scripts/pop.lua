-- Takes jobs out of queues for good.
--
-- ARGV: 1 key prefix, 2 how many at most, 3 how to check the known queue names ('', 'count',
--   'exact', 'unfilled'), 4 how many there are, 5 their digest, 6 number of queues, then their names
--   in the order of asking.
-- Reply: pairs of queue number and job; trouble as triples of 0, key, and error; the known queue
--   names if they are not what ARGV says, else nothing.

local wanted, how, known_count, digest = tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local popped, count = {}, 0

local function take(number, queue, key)
  if count >= wanted then return true end
  local jobs = try('LRANGE', key, 0, wanted - count - 1)
  if jobs.err then
    trouble(0, key, jobs.err)
    return
  end
  if #jobs == 0 or is_stopped(queue) then return end
  call('LTRIM', key, #jobs, -1)
  for i = 1, #jobs do
    popped[2 * count + 1], popped[2 * count + 2] = number, jobs[i]
    count = count + 1
  end
end

if how == '' or not names_changed(how == 'exact', known_count, digest) then
  ask(7, tonumber(ARGV[6]), take)
  if how == 'unfilled' and count < wanted then names_changed(true, known_count, digest) end
end
return { popped, troubles, names }
