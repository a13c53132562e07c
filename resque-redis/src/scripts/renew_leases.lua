-- Holds leases on that are still held.
--
-- ARGV: 1 key prefix, 2 now, then for each lease: name, holder, until.
-- Reply for each lease: 1 if it was still held, else 0; or false, the key that stopped everything, and
--   the error.

for i = 3, #ARGV, 3 do
  local err = unusable('ZCARD', LEASE .. ARGV[i])
  if err then return { false, LEASE .. ARGV[i], err } end
end

local now = tonumber(ARGV[2])
local answers = {}
for i = 3, #ARGV, 3 do
  local till = call('ZSCORE', LEASE .. ARGV[i], ARGV[i + 1])
  local held = till and tonumber(till) > now
  if held then
    -- What is held goes on in a full store, too.
    begin_writing()
    hold(ARGV[i], ARGV[i + 1], ARGV[i + 2], now)
  end
  answers[#answers + 1] = held and 1 or 0
end
return answers
