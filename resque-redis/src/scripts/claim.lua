-- Claims what reserved jobs need before they start.
--
-- ARGV: 1 key prefix, 2 now, 3 the longest turn, 4 how long a turn is kept, 5 how late one may come,
--   then for each claim: job, name and holder of the lease that it frees or '' and '', number of needs,
--   and the needs. A need is: p, name, until, how many places, how far apart refused jobs come again,
--   holder; or t, name, the time of one token, how many at once.
-- Reply for each claim: '' if it is granted, else the time to wait for; or false, the key that
--   stopped everything, and the error.

local now, longest, kept, late = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local SIZE = { p = 6, t = 4 }

local function text(number) return string.format('%.0f', number) end

-- The claims, and the first key that cannot be used.
local claims = {}
local at = 6
while at <= #ARGV do
  local claim = { job = ARGV[at], name = ARGV[at + 1], holder = ARGV[at + 2], needs = {} }
  local count = tonumber(ARGV[at + 3])
  at = at + 4
  local names = { claim.name }
  for n = 1, count do
    local kind = ARGV[at]
    local need = { name = ARGV[at + 1] }
    if kind == 'p' then
      need.till, need.places, need.apart = ARGV[at + 2], tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
      need.holder = ARGV[at + 5]
    else
      need.every = tonumber(ARGV[at + 2])
      need.ahead = (tonumber(ARGV[at + 3]) - 1) * need.every
    end
    claim.needs[n], names[n + 1] = need, need.name
    at = at + SIZE[kind]
  end
  for n = 1, #names do
    if names[n] ~= '' then
      for key, command in pairs({ [LEASE] = 'ZCARD', [LINE] = 'HLEN', [TURNS] = 'ZCARD' }) do
        local err = unusable(command, key .. names[n])
        if err then return { false, key .. names[n], err } end
      end
    end
  end
  claims[#claims + 1] = claim
end

-- What is known of a name, read once.
local known = {}
local function open(name)
  local state = known[name]
  if not state then
    local values = call('HMGET', LINE .. name, 'taken', 'line')
    state = { taken = tonumber(values[1]), line = tonumber(values[2]) or 0 }
    known[name] = state
  end
  return state
end

-- To which time a job is sent because of a need that is not met; nothing if it is.
local function refusal(need, job)
  local state = open(need.name)
  local turn = tonumber(call('ZSCORE', TURNS .. need.name, job))
  local others = state.line > now
  local jumps = others and not (turn and turn + kept >= now)
  if need.places then
    local mine = tonumber(call('ZSCORE', LEASE .. need.name, need.holder))
    if mine and mine > now then return end
    local taken = call('ZCOUNT', LEASE .. need.name, '(' .. ARGV[2], '+inf')
    if jumps or taken >= need.places then return (others and state.line or now) + need.apart end
    return
  end
  -- One that comes to its turn a little late does not hold up those behind it.
  local from = turn and turn <= now and math.max(turn, now - late) or now
  need.from = math.max(state.taken or from, from)
  local free = need.from - need.ahead
  if jumps or free > now then
    return others and math.max(state.line + need.every, free) or free
  end
end

local function grant(claim)
  for n = 1, #claim.needs do
    local need = claim.needs[n]
    if need.places then
      try('ZREMRANGEBYSCORE', LEASE .. need.name, '-inf', ARGV[2])
      hold(need.name, need.holder, need.till, now)
    else
      local state = open(need.name)
      state.taken, state.changed = math.max(state.taken or need.from, need.from) + need.every, true
    end
  end
  if claim.name ~= '' then call('ZREM', LEASE .. claim.name, claim.holder) end
end

local function refuse(claim, refused)
  local wait = 0
  for n, turn in pairs(refused) do
    turn = math.min(turn, now + longest)
    wait = math.max(wait, turn)
    local name = claim.needs[n].name
    local state = open(name)
    state.line, state.changed = math.max(state.line, turn), true
    try('ZREMRANGEBYSCORE', TURNS .. name, '-inf', '(' .. text(now - kept))
    call('ZADD', TURNS .. name, text(turn), claim.job)
    lives(TURNS .. name, turn + kept - now)
  end
  return text(wait)
end

local answers = {}
begin_writing()
for c = 1, #claims do
  local claim, refused, any = claims[c], {}, false
  for n = 1, #claim.needs do
    local turn = refusal(claim.needs[n], claim.job)
    if turn then refused[n], any = turn, true end
  end
  if any then
    answers[c] = refuse(claim, refused)
  else
    grant(claim)
    answers[c] = ''
  end
end
for name, state in pairs(known) do
  if state.changed then
    call('HSET', LINE .. name, 'taken', text(state.taken or 0), 'line', text(state.line))
    lives(LINE .. name, math.max(state.taken or 0, state.line) - now)
  end
end
return answers
