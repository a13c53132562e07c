-- Trouble with one of many is noted and the others are served: triples of a number, 0 unless the
-- script says otherwise, key, and error.

local troubles = {}

local function trouble(number, key, err)
  local n = #troubles
  troubles[n + 1], troubles[n + 2], troubles[n + 3] = number, key, err
end

