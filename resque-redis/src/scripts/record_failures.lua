-- Adds failure entries, all or none.
--
-- ARGV: 1 key prefix, then for each list: the set that names the lists or '', the list's name,
--   number of entries, entries.
-- Reply: 1; or false, the key that stopped everything, and the error.

local groups = {}
local at = 2
while at <= #ARGV do
  local count = tonumber(ARGV[at + 2])
  local set, list = ARGV[at], prefix .. ARGV[at + 1]
  local err = unusable('LLEN', list)
  if err then return { false, list, err } end
  if set ~= '' then
    err = unusable('SCARD', prefix .. set)
    if err then return { false, prefix .. set, err } end
  end
  groups[#groups + 1] = { set, ARGV[at + 1], at + 3, at + 2 + count }
  at = at + 3 + count
end

for g = 1, #groups do
  local set, name, first, last = unpack(groups[g])
  if set ~= '' then call('SADD', prefix .. set, name) end
  for from = first, last, CHUNK do
    call('RPUSH', prefix .. name, unpack(ARGV, from, math.min(from + CHUNK - 1, last)))
  end
end
return 1
