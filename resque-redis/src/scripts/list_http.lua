
-- Reads workers over HTTP.
--
-- ARGV: 1 key prefix, 2 which: '*' all, 'q' those of a queue, 'w' one; 3 the queue or the worker.
-- Reply: for each worker its name, when it was last heard of, and the fields of its key; or false, the
--   key that cannot be read, and the error.

local err = unusable('ZCARD', HTTP_WORKERS)
if err then return { false, HTTP_WORKERS, err } end
local names = { ARGV[3] }
if ARGV[2] == '*' then
  names = call('ZRANGE', HTTP_WORKERS, 0, -1)
elseif ARGV[2] == 'q' then
  err = unusable('SCARD', HTTP_ON .. ARGV[3])
  if err then return { false, HTTP_ON .. ARGV[3], err } end
  names = call('SMEMBERS', HTTP_ON .. ARGV[3])
end
local workers = {}
for i = 1, #names do
  local seen_at = call('ZSCORE', HTTP_WORKERS, names[i])
  if seen_at and not unusable('HLEN', HTTP_WORKER .. names[i]) then
    workers[#workers + 1] = { names[i], seen_at, call('HGETALL', HTTP_WORKER .. names[i]) }
  end
end
return { workers }
