-- What every script begins with. ARGV[1] is the key prefix.

local CHUNK = 1000
local prefix = ARGV[1]
local SET_OF_QUEUES = prefix .. 'queues'
local call, try = redis.call, redis.pcall
local sub, byte, find = string.sub, string.byte, string.find

-- The error that a protected call answered with, if any.
local function failed(reply)
  return type(reply) == 'table' and reply.err
end

-- Calls `command` with `fixed` (if any) and all of `list`, a chunk at a time.
local function in_chunks(command, fixed, list)
  for from = 1, #list, CHUNK do
    local to = math.min(from + CHUNK - 1, #list)
    if fixed then
      call(command, fixed, unpack(list, from, to))
    else
      call(command, unpack(list, from, to))
    end
  end
end

-- The error with which `command` answers for `key`, remembered: tells a wrong type before a write.
local seen = {}
local function unusable(command, key)
  local err = seen[key]
  if err == nil then
    err = failed(try(command, key)) or false
    seen[key] = err
  end
  return err
end

-- The first write decides whether this server takes writes at all; it is one that is allowed even
-- when the server is out of memory, so that a full store can still be worked empty.
local wrote = false
local function begin_writing()
  if not wrote then
    call('DEL', prefix .. 'rs:')
    wrote = true
  end
end

