-- What is held and counted under names. Times are microseconds since 1970.
--
-- `rs:lease:<name>` says who holds a lease, and until when; `rs:line:<name>` up to when tokens were
-- taken and where the line of those who were refused ends; `rs:turns:<name>` to which time each job in
-- the line was sent. Each key goes by itself some time after it has lost its meaning.

local LEASE, LINE, TURNS = prefix .. 'rs:lease:', prefix .. 'rs:line:', prefix .. 'rs:turns:'

-- Lets a key live for at least so many microseconds and a minute more. Where that is not allowed keys
-- stay for good, which is no harm but to memory.
local function lives(key, micros)
  local millis = math.ceil(micros / 1000) + 60000
  local left = try('PTTL', key)
  if type(left) == 'number' and left < millis then
    try('PEXPIRE', key, string.format('%.0f', millis))
  end
end

-- Holds a lease until a time, never for a shorter one than before.
local function hold(name, holder, till, now)
  local key = LEASE .. name
  local before = call('ZSCORE', key, holder)
  if not before or tonumber(before) < tonumber(till) then call('ZADD', key, till, holder) end
  lives(key, tonumber(till) - now)
end

-- Whether nobody holds a lease on a name at a time.
local function is_free(name, now)
  return call('ZCOUNT', LEASE .. name, '(' .. now, '+inf') == 0
end

-- Changes leases as a settlement says: their number in ARGV[at], now, and triples of name, holder and
-- until when it is held on, or '' if it is given up.
local function change_leases(at)
  local now = tonumber(ARGV[at + 1])
  for i = at + 2, at + 1 + 3 * tonumber(ARGV[at]), 3 do
    local name, holder, till = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local err = unusable('ZCARD', LEASE .. name)
    if err then
      trouble(0, LEASE .. name, err)
    elseif till == '' then
      call('ZREM', LEASE .. name, holder)
    elseif call('ZSCORE', LEASE .. name, holder) then
      hold(name, holder, till, now)
    end
  end
end

