-- Removes all entries of failure lists. The names of the lists stay.
--
-- ARGV: 1 key prefix, then the names of the lists.
-- Reply: how many entries there were; or false, the key that stopped everything, and the error.

for i = 2, #ARGV do
  local err = unusable('LLEN', prefix .. ARGV[i])
  if err then return { false, prefix .. ARGV[i], err } end
end

local cleared = 0
for i = 2, #ARGV do
  cleared = cleared + call('LLEN', prefix .. ARGV[i])
  call('UNLINK', prefix .. ARGV[i])
end
return cleared
