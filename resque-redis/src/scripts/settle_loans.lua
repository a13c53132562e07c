
-- Ends loans, each by itself.
--
-- ARGV: 1 key prefix, 2 now, then for each settlement: number; token; a word of letters (outcome; what to
--   count: 0 nothing, 1 processed, 2 failed too; 'u' if it changes leases); if it changes leases, how
--   many, now, and each as a name, a holder and until when or ''; and what belongs to the outcome:
--   d (done)       nothing
--   f (failed)     list, set of lists or '', the list's name in that set, entry
--   r (release)    nothing
--   b (release with other bytes)  payload
--   t (try again)  due, payload
--   l (later)      due
-- Reply: one letter for each settlement (A applied, L lost, T trouble); trouble as triples of settlement
--   number or 0, key, and error. Or false, the key that stopped everything, and the error.

local now = ARGV[2]
local EXTRA = { d = 0, f = 4, r = 0, b = 1, t = 2, l = 1 }

local key, err = loans_blocked()
if key then return { false, key, err } end

-- The first key the outcome needs that cannot be written, and why.
local function blocked(outcome, queue, i)
  local function check(command, key)
    local err = unusable(command, key)
    if err then return key, err end
  end
  if outcome == 'f' then
    local key, err = check('LLEN', ARGV[i])
    if not key and ARGV[i + 1] ~= '' then key, err = check('SCARD', ARGV[i + 1]) end
    return key, err
  elseif outcome == 'r' or outcome == 'b' then
    local key, err = check('LLEN', prefix .. 'queue:' .. queue)
    if not key then key, err = check('SCARD', SET_OF_QUEUES) end
    return key, err
  elseif outcome == 't' or outcome == 'l' then
    return later_blocked()
  end
end

-- Which settlements hold.
local verdicts, applied, gone, settled = {}, {}, {}, {}
local at = 3
while at <= #ARGV do
  local number, token, word = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local outcome, tally = sub(word, 1, 1), byte(word, 2) - 48
  at = at + 3
  local leases = nil
  if #word == 3 then
    leases = at
    at = at + 2 + 3 * tonumber(ARGV[at])
  end
  local s = #verdicts + 1
  local loan = not settled[number] and held_loan(number, token, now)
  local key, err
  if loan then key, err = blocked(outcome, loan.queue, at) end
  if key then
    verdicts[s] = 'T'
    trouble(s, key, err)
  elseif not loan then
    verdicts[s] = 'L'
  else
    verdicts[s] = 'A'
    settled[number] = true
    gone[#gone + 1] = number
    loan.outcome, loan.tally, loan.leases, loan.extra = outcome, tally, leases, at
    applied[#applied + 1] = loan
  end
  at = at + EXTRA[outcome]
end
if #gone == 0 then return { table.concat(verdicts), troubles } end

-- Where the jobs go.
begin_writing()
local fronts, forgotten, processed, failures = {}, {}, 0, 0
for a = #applied, 1, -1 do
  local loan = applied[a]
  if loan.outcome == 'r' or loan.outcome == 'b' then
    local front = fronts[loan.queue] or {}
    fronts[loan.queue] = front
    front[#front + 1] = loan.outcome == 'b' and ARGV[loan.extra] or sub(loan.entry, loan.at)
  end
end
for queue, front in pairs(fronts) do
  call('SADD', SET_OF_QUEUES, queue)
  in_chunks('LPUSH', prefix .. 'queue:' .. queue, front)
end
local any_losses = call('EXISTS', LOSSES) == 1
for a = 1, #applied do
  local loan = applied[a]
  local outcome, i = loan.outcome, loan.extra
  if outcome == 'f' then
    if ARGV[i + 1] ~= '' then call('SADD', ARGV[i + 1], ARGV[i + 2]) end
    call('RPUSH', ARGV[i], ARGV[i + 3])
  elseif outcome == 't' then
    later(ARGV[i], loan.queue, ARGV[i + 1])
  elseif outcome == 'l' then
    later(ARGV[i], loan.queue, sub(loan.entry, loan.at))
  end
  if any_losses and outcome ~= 'r' and outcome ~= 'b' then
    forgotten[#forgotten + 1] = digest_of(loan.queue, sub(loan.entry, loan.at))
  end
end
in_chunks('ZREM', LOANS, gone)
in_chunks('HDEL', LENT, gone)
forget_losses(forgotten)

-- What is counted; it stops nothing.
local function counts(key, by)
  local err = by > 0 and failed(try('INCRBY', prefix .. 'stat:' .. key, by))
  if err then trouble(0, prefix .. 'stat:' .. key, err) end
end
for a = 1, #applied do
  local loan = applied[a]
  if loan.leases then change_leases(loan.leases) end
  local did, broke = loan.tally > 0 and 1 or 0, loan.tally > 1 and 1 or 0
  processed, failures = processed + did, failures + broke
  local key, err = count_http(loan.queue, loan.holder, did, broke, now)
  if key then trouble(0, key, err) end
end
counts('processed', processed)
counts('failed', failures)
return { table.concat(verdicts), troubles }
