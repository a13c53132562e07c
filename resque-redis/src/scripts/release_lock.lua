-- Gives up the lock of resque-scheduler's master, if it is ours and fires no schedules.
--
-- ARGV: 1 key prefix, 2 the lock, 3 who held it.
-- Reply: 1 if it was given up.

if try('GET', ARGV[2]) == ARGV[3] and not leads_as_master(ARGV[3]) then
  return call('DEL', ARGV[2])
end
return 0
