-- Counts the jobs of all queues.
--
-- ARGV: 1 key prefix, 2 how many queues are looked at most.
-- Reply: how many jobs; nil if there are more queues; or false, the key that stopped everything, and the
--   error.

local count = try('SCARD', SET_OF_QUEUES)
local err = failed(count)
if err then return { false, SET_OF_QUEUES, err } end
if count > tonumber(ARGV[2]) then return nil end
local jobs = 0
for _, name in ipairs(call('SMEMBERS', SET_OF_QUEUES)) do
  local length = try('LLEN', prefix .. 'queue:' .. name)
  -- Something else than a list is nobody's queue.
  if type(length) == 'number' then jobs = jobs + length end
end
return jobs
