
-- Reads what a sorted set has in order and a hash stores under the same numbers: at most so many, from a
-- score on, and at that score behind a number. Triples of number, score, and what is stored.
local function walk(ordered, stored, most, from, behind)
  local found, count, offset = {}, 0, 0
  while count < most do
    local part = call('ZRANGEBYSCORE', ordered, from, '+inf', 'WITHSCORES', 'LIMIT', offset, CHUNK)
    if #part == 0 then break end
    for i = 1, #part, 2 do
      local number, score = part[i], part[i + 1]
      if count < most and (tonumber(score) > tonumber(from) or number > behind) then
        local value = call('HGET', stored, number)
        if value then
          found[3 * count + 1], found[3 * count + 2], found[3 * count + 3] = number, score, value
          count = count + 1
        end
      end
    end
    offset = offset + CHUNK
  end
  return found
end
