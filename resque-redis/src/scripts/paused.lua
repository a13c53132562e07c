
-- Whether reserving is paused for everybody.
local function is_paused()
  local key = prefix .. 'pause-all-workers'
  local value = try('GET', key)
  local err = failed(value)
  if err then trouble(0, key, err) end
  return not err and value and string.lower(string.match(value, '^%s*(.-)%s*$')) == 'true'
end
