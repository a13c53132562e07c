
-- Puts back loans that are over, then lends jobs.
--
-- ARGV: 1 key prefix, 2 now, 3 until when, 4 token of this call, 5 holder or '', 6 how many at most,
--   7 how to check the known queue names ('', 'count', 'exact', 'unfilled'), 8 how many there are, 9 their
--   digest, 10 number of queues, then their names in the order of asking.
-- Reply: the loans as quadruples of queue number, number, attempt, and job; trouble as triples of 0, key,
--   and error; 1 if paused; the known queue names if they are not what ARGV says, else nothing; when the
--   next loan is over, or nothing. Or false, the key that stopped everything, and the error.

local now, till, token, holder, wanted = ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local how, known_count, digest = ARGV[7], ARGV[8], ARGV[9]

local key, err = loans_blocked()
if key then return { false, key, err } end
put_back(now, CHUNK)

local lent, count = {}, 0
local any_losses = call('EXISTS', LOSSES) == 1

local function take(number, queue, key)
  if count >= wanted then return true end
  local jobs = try('LRANGE', key, 0, wanted - count - 1)
  if jobs.err then
    trouble(0, key, jobs.err)
    return
  end
  if #jobs == 0 or is_stopped(queue) then return end
  begin_writing()
  -- The notes first: were anything to stop the script here, no job would be lost.
  local last = call('HINCRBY', LENT, 'seq', #jobs)
  local notes, ends = {}, {}
  local head = token .. '\n' .. queue .. '\n' .. holder .. '\n' .. now .. '\n'
  for i = 1, #jobs do
    local loan = string.format('%016d', last - #jobs + i)
    local attempt = any_losses and losses_of(digest_of(queue, jobs[i]), now) + 1 or 1
    notes[2 * i - 1], notes[2 * i] = loan, head .. attempt .. '\n' .. jobs[i]
    ends[2 * i - 1], ends[2 * i] = till, loan
    local n = 4 * count
    lent[n + 1], lent[n + 2], lent[n + 3], lent[n + 4] = number, loan, attempt, jobs[i]
    count = count + 1
  end
  in_chunks('HSET', LENT, notes)
  in_chunks('ZADD', LOANS, ends)
  call('LTRIM', key, #jobs, -1)
end

local paused = is_paused()
if not paused and not (how ~= '' and names_changed(how == 'exact', known_count, digest)) then
  ask(11, tonumber(ARGV[10]), take)
  if how == 'unfilled' and count < wanted then names_changed(true, known_count, digest) end
end
return { lent, troubles, paused and 1 or 0, names, next_over() }
