-- Whether this process fires schedules, so that it needs the lock of resque-scheduler's master for
-- longer than one promotion.
local function leads_as_master(holder)
  local lead = try('GET', prefix .. 'rs:schedules:lead')
  return type(lead) == 'string' and string.match(lead, '^%d+ 1 (.*)$') == holder
end
