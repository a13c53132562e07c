
-- Reads loans, those that are over first; changes nothing.
--
-- ARGV: 1 key prefix, 2 how many at most, 3 the end to begin at, 4 the number to begin behind there, or ''.
-- Reply: triples of number, end, and what is stored of the loan; or false, the key that cannot be read, and
--   the error.

local most, from, behind = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local key, err = loans_blocked()
if key then return { false, key, err } end
local loans, count, offset = {}, 0, 0
while count < most do
  local part = call('ZRANGEBYSCORE', LOANS, from, '+inf', 'WITHSCORES', 'LIMIT', offset, CHUNK)
  if #part == 0 then break end
  for i = 1, #part, 2 do
    local number, till = part[i], part[i + 1]
    if count < most and (tonumber(till) > tonumber(from) or number > behind) then
      local entry = call('HGET', LENT, number)
      if entry then
        loans[3 * count + 1], loans[3 * count + 2], loans[3 * count + 3] = number, till, entry
        count = count + 1
      end
    end
  end
  offset = offset + CHUNK
end
return { loans }
