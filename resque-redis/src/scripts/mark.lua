-- Marks reservations as to be ended, as long as they are held.
--
-- ARGV: 1 key prefix, 2 for how many seconds, then for each: worker id, how its note is known (the end
--   of it, or its SHA-1), 'h' if by its SHA-1 or '', the mark.
-- Reply for each: 1 if it is marked, 0 if it is not held.

local answers = {}
for i = 3, #ARGV, 4 do
  local note, known = try('GET', prefix .. 'worker:' .. ARGV[i]), ARGV[i + 1]
  local held = note and not failed(note)
    and known == (ARGV[i + 2] == 'h' and redis.sha1hex(note) or sub(note, -#known))
  if held then call('SET', prefix .. 'rs:cancel:' .. ARGV[i], ARGV[i + 3], 'EX', ARGV[2]) end
  answers[#answers + 1] = held and 1 or 0
end
return answers
