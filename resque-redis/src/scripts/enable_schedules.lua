-- Switches schedules on or off.
--
-- ARGV: 1 key prefix, 2 now in milliseconds, 3 1 for on and 0 for off, then the names.
-- Reply: 1; or false, the key that stopped everything, and the error.

local now, on = tonumber(ARGV[2]), ARGV[3] == '1'
local key, err = schedules_blocked()
if key then return { false, key, err } end
for at = 4, #ARGV do
  local name = ARGV[at]
  local from, to = DEFINITIONS, OFF
  if on then from, to = OFF, DEFINITIONS end
  local definition = call('HGET', from, name)
  if on and definition then
    call('HDEL', OFF, name)
    -- A schedule that was switched off without being stored has no definition.
    if definition ~= '' then call('HSET', DEFINITIONS, name, definition) end
    local settled, timing = clock_of(name)
    if settled then begin(name, timing, now) end
  elseif not on and (definition or call('HEXISTS', OFF, name) == 0) then
    call('HDEL', DEFINITIONS, name)
    call('HSET', OFF, name, definition or '')
  end
  tell_change(name)
end
call('INCRBY', VERSION, 1)
return 1
