-- Settles finished jobs, then fills free slots, in one step.
--
-- Everything that can fail is read first: after its first write the script makes only calls that
-- cannot fail any more, or that are protected and touch nothing but counters. Trouble with one
-- settlement, slot or queue is reported and the others are served. Payload bytes are only cut and
-- joined, never encoded.
--
-- ARGV: 1 key prefix, 2 run_at, 3 token of this call, 4 number of workers, 5 how many of them, the
--   first ones, want a job, 6 number of settlements, 7 of queues, 8 how to check the known queue
--   names ('', 'count', 'exact', 'unfilled'), 9 how many there are, 10 their digest, 11 heartbeat,
--   then the worker ids, the settlements, and the queue names in the order of asking.
-- A settlement is: worker number; the end of its note; a word of letters (outcome; what to count: 0
--   nothing, 1 processed, 2 failed too; 'h' if not the end but the SHA-1 of the note is given; 'f'
--   if the worker is foreign; 'g' if guarded; 'u' if it changes leases); if guarded, the heartbeat it
--   must still have; if it changes leases, how many, now, and each as a name, a holder and until when
--   or ''; and what belongs to the outcome:
--   d (done)       nothing
--   f (failed)     list, set of lists or '', the list's name in that set, entry
--   r (release)    queue, first and last byte of the payload in the note
--   b (release with other bytes)  queue, payload
--   t (try again)  due, queue, payload
--   l (later)      due, queue, first and last byte of the payload in the note
-- Reply: one letter for each settlement (A applied, L lost, T trouble); trouble as triples of
--   settlement number or 0, key, and error; 1 if paused; reservations as triples of worker number,
--   queue number, payload; notes still held as pairs of worker number and note; the known queue
--   names if they are not what ARGV says, else nothing; how many slots stayed free after all queues
--   were asked, or nothing if they were not.

-- What stands in a note for a payload that is no object: its text, or else its bytes.
local AS_TEXT = '{"class":null,"args":[],"raw_text":'
local AS_HEX = '{"class":null,"args":[],"raw_hex":"'

local run_at, call_token = ARGV[2], ARGV[3]
local workers, wanting = tonumber(ARGV[4]), tonumber(ARGV[5])
local settlements, queues = tonumber(ARGV[6]), tonumber(ARGV[7])

------------------------------------------------------------------------------------------------
-- What the workers hold.

local at = 12
local ids, note_keys = {}, {}
for w = 1, workers do
  local id = ARGV[at]
  ids[w], note_keys[w] = id, prefix .. 'worker:' .. id
  at = at + 1
end

local notes = {}
for from = 1, workers, CHUNK do
  local to = math.min(from + CHUNK - 1, workers)
  local part = call('MGET', unpack(note_keys, from, to))
  for i = 1, #part do notes[from + i - 1] = part[i] ~= '' and part[i] end
end

------------------------------------------------------------------------------------------------
-- Settling: which settlements hold, and whether their targets can be written.

-- A table is three times as fast as a function.
local function unhex(text)
  local bytes = {}
  for b = 0, 255 do bytes[string.format('%02x', b)] = string.char(b) end
  return (string.gsub(text, '..', bytes))
end

-- The payload in a note, exactly as it was pushed.
local function payload_of(note, first, last)
  local payload = sub(note, first, last)
  if sub(payload, 1, #AS_TEXT) == AS_TEXT then
    local ok, texts = pcall(cjson.decode, '[' .. sub(payload, #AS_TEXT + 1, -2) .. ']')
    if ok and #texts == 1 and type(texts[1]) == 'string' then return texts[1] end
  elseif sub(payload, 1, #AS_HEX) == AS_HEX then
    return unhex(sub(payload, #AS_HEX + 1, -3))
  end
  return payload
end

local pruning = nil

-- Whether nothing else speaks against it: Ruby does not prune at this moment, and the worker has
-- not beaten since. Nil, the key and the error when that cannot be told.
local function undisturbed(w, foreign, mark)
  if foreign then
    if pruning == nil then
      pruning = call('EXISTS', prefix .. 'pruning_dead_workers_in_progress') == 1
    end
    if pruning then return false end
  end
  if mark then
    local beaten = try('HGET', prefix .. 'workers:heartbeat', ids[w])
    if failed(beaten) then return nil, prefix .. 'workers:heartbeat', beaten.err end
    return beaten == mark
  end
  return true
end

local EXTRA = { d = 0, f = 4, r = 3, b = 2, t = 3, l = 4 }

-- The first key the outcome needs that cannot be written, and why.
local function blocked(outcome, i)
  local function check(command, key)
    local err = unusable(command, key)
    if err then return key, err end
  end
  if outcome == 'f' then
    local key, err = check('LLEN', ARGV[i])
    if not key and ARGV[i + 1] ~= '' then key, err = check('SCARD', ARGV[i + 1]) end
    return key, err
  elseif outcome == 'r' or outcome == 'b' then
    local key, err = check('LLEN', prefix .. 'queue:' .. ARGV[i])
    if not key then key, err = check('SCARD', SET_OF_QUEUES) end
    return key, err
  elseif outcome == 't' or outcome == 'l' then
    return later_blocked()
  end
end

local verdicts = {}
local applied = {}
local changed = {}
local gone = {}
local processed, failures = {}, {}
local all_processed, all_failed = 0, 0

for s = 1, settlements do
  local w, known, word = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2]
  at = at + 3
  local outcome, tally = sub(word, 1, 1), byte(word, 2) - 48
  local note, holds, key, err = notes[w], false, nil, nil
  local leases = nil
  if #word == 2 then
    holds = note and sub(note, -#known) == known
  else
    local mark = nil
    if find(word, 'g', 3, true) then
      mark = ARGV[at]
      at = at + 1
    end
    if find(word, 'u', 3, true) then
      leases = at
      at = at + 2 + 3 * tonumber(ARGV[at])
    end
    local hashed = find(word, 'h', 3, true)
    if note and known == (hashed and redis.sha1hex(note) or sub(note, -#known)) then
      holds, key, err = undisturbed(w, find(word, 'f', 3, true), mark)
    end
  end
  if holds and outcome ~= 'd' then key, err = blocked(outcome, at) end
  if key then
    verdicts[s] = 'T'
    trouble(s, key, err)
  elseif not holds then
    verdicts[s] = 'L'
  else
    verdicts[s] = 'A'
    if outcome ~= 'd' then applied[#applied + 1] = { outcome, at, note } end
    notes[w], gone[w] = false, true
    if leases then changed[#changed + 1] = leases end
    if tally > 0 then
      processed[w] = (processed[w] or 0) + 1
      all_processed = all_processed + 1
    end
    if tally == 2 then
      failures[w] = (failures[w] or 0) + 1
      all_failed = all_failed + 1
    end
  end
  at = at + EXTRA[outcome]
end

------------------------------------------------------------------------------------------------
-- Settling: the writes.

-- Adds to counters, given as key and number in turn. Reading and writing many at once takes half
-- the time of adding one by one; values that are no plain numbers are left to INCRBY and its error.
local function count(counters)
  local keys = {}
  for i = 1, #counters, 2 do keys[#keys + 1] = counters[i] end
  for from = 1, #keys, CHUNK do
    local to = math.min(from + CHUNK - 1, #keys)
    local values, sums, n = call('MGET', unpack(keys, from, to)), {}, 0
    for k = from, to do
      local key, by, value = keys[k], counters[2 * k], values[k - from + 1]
      if value and #value < 15 and find(value, '^%d+$') then
        sums[n + 1], sums[n + 2] = key, value + by
        n = n + 2
      else
        local err = failed(try('INCRBY', key, by))
        if err then trouble(0, key, err) end
      end
    end
    in_chunks('MSET', nil, sums)
  end
end

if next(gone) then begin_writing() end

local fronts = {}
for a = #applied, 1, -1 do
  local outcome, i, note = unpack(applied[a])
  if outcome == 'r' or outcome == 'b' then
    local front = fronts[ARGV[i]] or {}
    fronts[ARGV[i]] = front
    front[#front + 1] = outcome == 'b' and ARGV[i + 1]
      or payload_of(note, tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]))
  end
end
for queue, front in pairs(fronts) do
  call('SADD', SET_OF_QUEUES, queue)
  in_chunks('LPUSH', prefix .. 'queue:' .. queue, front)
end
for a = 1, #applied do
  local outcome, i, note = unpack(applied[a])
  if outcome == 'f' then
    if ARGV[i + 1] ~= '' then call('SADD', ARGV[i + 1], ARGV[i + 2]) end
    call('RPUSH', ARGV[i], ARGV[i + 3])
  elseif outcome == 't' then
    later(ARGV[i], ARGV[i + 1], ARGV[i + 2])
  elseif outcome == 'l' then
    later(ARGV[i], ARGV[i + 1], payload_of(note, tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])))
  end
end
for c = 1, #changed do change_leases(changed[c]) end
local counters = {}
local function add(name, by)
  local n = #counters
  counters[n + 1], counters[n + 2] = prefix .. 'stat:' .. name, by
end
for w, by in pairs(processed) do add('processed:' .. ids[w], by) end
for w, by in pairs(failures) do add('failed:' .. ids[w], by) end
if all_processed > 0 then add('processed', all_processed) end
if all_failed > 0 then add('failed', all_failed) end
count(counters)

------------------------------------------------------------------------------------------------
-- Reserving: which slots are free.

local held, free = {}, {}
for w = 1, wanting do
  if notes[w] then
    held[#held + 1], held[#held + 2] = w, notes[w]
  else
    free[#free + 1] = w
  end
end

-- Slots whose note is something else than text, which MGET does not tell from none.
local function without_wrong_types(slots)
  local empty = {}
  for i = 1, #slots do
    if not gone[slots[i]] then empty[#empty + 1] = note_keys[slots[i]] end
  end
  local present = 0
  for from = 1, #empty, CHUNK do
    present = present + call('EXISTS', unpack(empty, from, math.min(from + CHUNK - 1, #empty)))
  end
  if present == 0 then return slots end
  local good = {}
  for i = 1, #slots do
    local key = note_keys[slots[i]]
    local err = not gone[slots[i]] and failed(try('STRLEN', key))
    if err then trouble(0, key, err) else good[#good + 1] = slots[i] end
  end
  return good
end

-- Slots without a heartbeat: who holds a job must be found when it dies. A slot that has just
-- settled a job has one, or it would not have been given that job. Nil if it cannot be told.
local function without_heartbeat(slots)
  local missing, fresh, names, key = {}, {}, {}, prefix .. 'workers:heartbeat'
  for i = 1, #slots do
    if not gone[slots[i]] then
      fresh[#fresh + 1], names[#names + 1] = slots[i], ids[slots[i]]
    end
  end
  for from = 1, #names, CHUNK do
    local beats = try('HMGET', key, unpack(names, from, math.min(from + CHUNK - 1, #names)))
    if beats.err then
      trouble(0, key, beats.err)
      return nil
    end
    for i = 1, #beats do
      if not beats[i] then missing[fresh[from + i - 1]] = true end
    end
  end
  return missing
end

------------------------------------------------------------------------------------------------
-- Reserving: what goes into a note.

local match = string.match

-- A parser that takes nothing that others do not. To make it takes longer than all else that is done
-- for one job, so it is made when it is needed.
local json = nil
local function parser()
  if not json then
    json = cjson.new()
    json.decode_invalid_numbers(false)
    json.decode_max_depth(99)
  end
  return json
end

-- More jobs than this are worth a parser.
local FEW = 3

-- Whether this is a class with nothing but whole numbers and simple strings for arguments. Most jobs
-- are, and the others are left to the parser.
local function is_simple(payload)
  local at = match(payload, '^{"class":"[%w_:]+","args":%[()')
  if at and sub(payload, at, at + 2) == ']}' then return true end
  while at do
    local behind = match(payload, '^"[\32\33\35-\91%]\94-\126]*"()', at)
      or match(payload, '^-?[1-9]%d*()', at) or match(payload, '^0()', at)
    local stop = behind and sub(payload, behind, behind + 2)
    if stop == ']}' then return true end
    at = stop and byte(stop) == 44 and behind + 1
  end
  return false
end

local function is_utf8(text)
  local i, n = find(text, '[\128-\255]') or #text + 1, #text
  while i <= n do
    local b, size, low, high = byte(text, i), 0, 128, 191
    if b < 128 then size = 1
    elseif b < 194 or b > 244 then return false
    elseif b < 224 then size = 2
    elseif b < 240 then
      size = 3
      if b == 224 then low = 160 elseif b == 237 then high = 159 end
    else
      size = 4
      if b == 240 then low = 144 elseif b == 244 then high = 143 end
    end
    if size > 1 then
      if i + size - 1 > n then return false end
      local second = byte(text, i + 1)
      if second < low or second > high then return false end
      for k = i + 2, i + size - 1 do
        local c = byte(text, k)
        if c < 128 or c > 191 then return false end
      end
      i = i + size
    else
      i = find(text, '[\128-\255]', i) or n + 1
    end
  end
  return true
end

-- What the parser lets through and others do not: raw control characters in strings, `1.` and
-- `-.5`. Looks only outside strings for numbers.
local function is_strict(text)
  local i = 1
  while true do
    local quote = find(text, '"', i, true)
    local between = sub(text, i, (quote or 0) - 1)
    if find(between, '%d%.%D') or find(between, '%d%.$') or find(between, '-.', 1, true)
      or find(between, '%z') then
      return false
    end
    if not quote then return true end
    i = quote + 1
    while true do
      local stop = find(text, '["\\%z\1-\31]', i)
      local c = byte(text, stop)
      if c == 34 then i = stop + 1 break end
      if c ~= 92 then return false end
      i = stop + 2
    end
  end
end

-- Whether everybody who reads notes reads this as the object that it is.
local function is_object(payload)
  if byte(payload, 1) ~= 123 or byte(payload, -1) ~= 125 then return false end
  if not json and is_simple(payload) then return true end
  local ok, decoded = pcall(parser().decode, payload)
  if not ok or decoded.raw_hex ~= nil or decoded.raw_text ~= nil then return false end
  if find(payload, '^[\32-\45\47-\126]*$') then return true end
  return is_utf8(payload) and is_strict(payload)
end

-- The hexadecimal digits of each byte: a table is ten times as fast as a function.
local digits = nil

local function substitute(payload)
  -- A string is the one thing that this writer never changes, and it takes a tenth of the time.
  if is_utf8(payload) then return AS_TEXT .. parser().encode(payload) .. '}' end
  if not digits then
    digits = {}
    for b = 0, 255 do digits[string.char(b)] = string.format('%02x', b) end
  end
  return AS_HEX .. string.gsub(payload, '.', digits) .. '"}'
end

local function quoted(queue)
  return '"' .. string.gsub(queue, '["\\]', '\\%0') .. '"'
end

------------------------------------------------------------------------------------------------
-- Reserving: the queues, in order.

local reserved = {}
local paused = is_paused()
local next_free = 1
local silent = nil

local function take(number, queue, key)
  if next_free > #free then return true end
  local jobs = try('LRANGE', key, 0, #free - next_free)
  if jobs.err then
    trouble(0, key, jobs.err)
    return
  end
  if #jobs == 0 or is_stopped(queue) then return end
  silent = silent or without_heartbeat(free)
  if not silent then
    next_free = #free + 1
    return true
  end
  begin_writing()
  local head = '{"queue":' .. quoted(queue) .. ',"run_at":"' .. run_at .. '","payload":'
  local tail = ',"rs":{"receipt":"' .. call_token .. '-'
  if #jobs > FEW then parser() end
  local new_notes, beats = {}, {}
  local r, n = #reserved, 0
  for i = 1, #jobs do
    local job, w = jobs[i], free[next_free + i - 1]
    reserved[r + 1], reserved[r + 2], reserved[r + 3] = w, number, job
    r = r + 3
    new_notes[n + 1] = note_keys[w]
    new_notes[n + 2] = head .. (is_object(job) and job or substitute(job)) .. tail .. w .. '"}}'
    n = n + 2
    gone[w] = nil
    if silent[w] then beats[#beats + 1], beats[#beats + 2] = ids[w], ARGV[11] end
  end
  next_free = next_free + #jobs
  in_chunks('HSET', prefix .. 'workers:heartbeat', beats)
  -- The notes first: were anything to stop the script here, no job would be lost.
  in_chunks('MSET', nil, new_notes)
  call('LTRIM', key, #jobs, -1)
end

local how, known_count, digest = ARGV[8], ARGV[9], ARGV[10]
local left = false

if #free > 0 and not paused
  and not (how ~= '' and names_changed(how == 'exact', known_count, digest)) then
  free = without_wrong_types(free)
  ask(at, queues, take)
  left = #free + 1 - next_free
  if how == 'unfilled' and left > 0 then names_changed(true, known_count, digest) end
end

local settled_notes = {}
for w in pairs(gone) do settled_notes[#settled_notes + 1] = note_keys[w] end
in_chunks('DEL', nil, settled_notes)

return {
  table.concat(verdicts), troubles, paused and 1 or 0, reserved, held, names, left
}
