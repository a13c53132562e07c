-- Claims to be the process that fires schedules, and the lock of resque-scheduler's master with it.
--
-- ARGV: 1 key prefix, 2 who claims, 3 now and 4 until when, in milliseconds, 5 the lock, 6 for how
--   many seconds to hold it, 0 if it is not wanted.
-- Reply: 1 if the claim holds, else 0; 1 if the lock is held, else 0; who leads; what the schedules
--   are: our own count of changes, and a digest of the definitions, which others change too. Or
--   false, the key that cannot be used, and the error.

local holder, now, till, lock, hold = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[6])

local master = try('GET', lock)
if failed(master) then return { false, lock, master.err } end
local version, leader, before = who_leads()
if not version then return { false, leader, before } end
if leader and leader ~= holder and before > now then
  return { 0, 0, leader, version }
end
local is_master = hold > 0 and (not master or master == holder)
-- The promoter of the same process must not give the lock up.
call('SET', LEADER, till .. ' ' .. (is_master and 1 or 0) .. ' ' .. holder)
if is_master then call('SET', lock, holder, 'EX', hold) end
return { 1, (is_master or hold == 0) and 1 or 0, holder, version }
