
-- Lets loans last longer.
--
-- ARGV: 1 key prefix, 2 now, then for each loan: number, token, until when.
-- Reply for each: 1 if it was still held, else 0; or false, the key that stopped everything, and the error.

local key, err = loans_blocked()
if key then return { false, key, err } end
local answers = {}
for i = 3, #ARGV, 3 do
  local loan = held_loan(ARGV[i], ARGV[i + 1], ARGV[2])
  answers[#answers + 1] = loan and 1 or 0
  if loan and tonumber(loan.till) < tonumber(ARGV[i + 2]) then
    -- What is held goes on in a full store, too.
    begin_writing()
    call('ZADD', LOANS, ARGV[i + 2], ARGV[i])
  end
end
return answers
