
-- Workers that come over HTTP. Times are microseconds since 1970.
--
-- `rs:http:workers` says when each was last heard of; `rs:http:worker:<id>` holds `started`, its counts,
-- and a field `on:<queue>` for each queue it is on; `rs:http:on:<queue>` the workers of a queue;
-- `rs:http:queue:<queue>` what was counted for a queue.

local HTTP_WORKERS = prefix .. 'rs:http:workers'
local HTTP_WORKER, HTTP_ON = prefix .. 'rs:http:worker:', prefix .. 'rs:http:on:'
local HTTP_QUEUE = prefix .. 'rs:http:queue:'

-- Adds to counts; answers a key that cannot be used and why.
local function add_counts(key, processed, failures)
  local err = unusable('HLEN', key)
  if err then return key, err end
  for field, by in pairs({ processed = processed, failed = failures }) do
    if tonumber(by) > 0 then
      err = failed(try('HINCRBY', key, field, by))
      if err then return key, err end
    end
  end
end

-- Counts for a queue, and for a worker (or '') if it is registered; answers a key that cannot be used and
-- why.
local function count_http(queue, worker, processed, failures, now)
  local key, err
  if tonumber(processed) > 0 or tonumber(failures) > 0 then
    key, err = add_counts(HTTP_QUEUE .. queue, processed, failures)
    if key then return key, err end
  end
  if worker == '' then return end
  local seen_at = try('ZSCORE', HTTP_WORKERS, worker)
  err = failed(seen_at)
  if err then return HTTP_WORKERS, err end
  if not seen_at then return end
  if tonumber(seen_at) < tonumber(now) then call('ZADD', HTTP_WORKERS, now, worker) end
  return add_counts(HTTP_WORKER .. worker, processed, failures)
end

-- Forgets a worker.
local function forget_worker(worker)
  local key = HTTP_WORKER .. worker
  if not unusable('HLEN', key) then
    local fields = call('HKEYS', key)
    for i = 1, #fields do
      local queue = string.match(fields[i], '^on:(.*)$')
      if queue then try('SREM', HTTP_ON .. queue, worker) end
    end
  end
  call('DEL', key)
  call('ZREM', HTTP_WORKERS, worker)
end
