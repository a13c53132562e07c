
-- Puts back loans that are over.
--
-- ARGV: 1 key prefix, 2 now, 3 how many at most.
-- Reply: how many there were; when the next one is over, or nothing; trouble as triples of 0, key, and
--   error. Or false, the key that stopped everything, and the error.

local key, err = loans_blocked()
if key then return { false, key, err } end
local count = put_back(ARGV[2], ARGV[3])
return { count, next_over(), troubles }
