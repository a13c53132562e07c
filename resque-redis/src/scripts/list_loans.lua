
-- Reads loans, those that are over first; changes nothing.
--
-- ARGV: 1 key prefix, 2 how many at most, 3 the end to begin at, 4 the number to begin behind there, or ''.
-- Reply: triples of number, end, and what is stored of the loan; or false, the key that cannot be read, and
--   the error.

local key, err = loans_blocked()
if key then return { false, key, err } end
return { walk(LOANS, LENT, tonumber(ARGV[2]), ARGV[3], ARGV[4]) }
