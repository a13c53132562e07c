-- What schedules are kept in. The definitions are resque-scheduler's; a schedule that is switched
-- off is kept elsewhere, so that Ruby's scheduler does not fire it either. CLOCKS says of each
-- schedule that has begun up to which millisecond its ticks are settled and when it runs:
-- `1795215600000 cron 30 6 * * 1`.

local DEFINITIONS, CHANGED = prefix .. 'persistent_schedules', prefix .. 'schedules_changed'
local LAST = prefix .. 'delayed:last_enqueued_at'
local CLOCKS, OFF = prefix .. 'rs:schedules', prefix .. 'rs:schedules:disabled'
-- What we have written into LAST: if something else is there, another scheduler has fired.
local NOTED = prefix .. 'rs:schedules:noted'
local LEADER, VERSION = prefix .. 'rs:schedules:lead', prefix .. 'rs:schedules:version'

-- The first of these keys that cannot be used, and why.
local function schedules_blocked()
  for _, key in ipairs({ DEFINITIONS, OFF, CLOCKS, LAST, NOTED }) do
    local err = unusable('HLEN', key)
    if err then return key, err end
  end
  local err = unusable('SCARD', CHANGED)
  if err then return CHANGED, err end
  local version = try('GET', VERSION)
  err = failed(version)
  if err then return VERSION, err end
  if version and not find(version, '^%d+$') then return VERSION, 'ERR it is no number' end
end

-- Up to which millisecond ticks are settled, and when the schedule runs; nothing before it began.
local function clock_of(name)
  local clock = call('HGET', CLOCKS, name)
  if not clock then return nil end
  local settled, timing = string.match(clock, '^(%d+) (.*)$')
  return tonumber(settled), timing
end

local function set_clock(name, settled, timing)
  call('HSET', CLOCKS, name, string.format('%.0f', settled) .. ' ' .. timing)
end

-- Settles the ticks up to now, under this timing.
local function begin(name, timing, now)
  local settled = clock_of(name)
  now = math.max(settled or 0, now)
  set_clock(name, now, timing)
  return now
end

local function tell_change(name)
  call('SADD', CHANGED, name)
end

-- What the schedules are: our own count of changes, and a digest of the definitions, which others
-- change too. Then who leads and until which millisecond, if anybody ever did. Or nothing, the key
-- that cannot be used, and the error.
local function who_leads()
  local lead, version = try('GET', LEADER), try('GET', VERSION)
  if failed(lead) then return nil, LEADER, lead.err end
  if failed(version) then return nil, VERSION, version.err end
  local err = unusable('HLEN', DEFINITIONS)
  if err then return nil, DEFINITIONS, err end
  local digest = redis.sha1hex(table.concat(call('HGETALL', DEFINITIONS), '\n'))
  local till, leader = string.match(lead or '', '^(%d+) [01] (.*)$')
  return (version or '0') .. ' ' .. digest, leader, tonumber(till)
end
