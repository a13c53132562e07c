
-- Looks for loans by their receipts; changes nothing.
--
-- ARGV: 1 key prefix, 2 now, then for each receipt: number, token.
-- Reply: pairs of end and what is stored, both nothing for a receipt whose loan is over; or false, the key
--   that cannot be read, and the error.

local key, err = loans_blocked()
if key then return { false, key, err } end
local found = {}
for i = 3, #ARGV, 2 do
  local loan = held_loan(ARGV[i], ARGV[i + 1], ARGV[2])
  found[#found + 1] = loan and loan.till or false
  found[#found + 1] = loan and loan.entry or false
end
return { found }
