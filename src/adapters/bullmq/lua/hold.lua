-- Keeps jobs for one claim, so that no other jobctl takes them. Workers do not know of it: what they take has moved on.
-- OPTION: the mark. An argument list a job as `changed` wants it. Answers held, taken, moved or gone for each.
local time = now()
local told = { 'ok' }
local holds = {}
for n = FIRST_KEY, #KEYS do
  local at = FIRST + (n - FIRST_KEY) * PRINT
  local answer = answered(function()
    return changed(KEYS[n], at) or (not stands(at) and 'moved') or nil
  end)
  if not answer then
    local mark, untilWhen = string.match(call('HGET', HELD, ARGV[at]) or '', '^(%S+) (%d+)$')
    answer = mark and mark ~= OPTION and tonumber(untilWhen) > time and 'taken' or 'held'
    if answer == 'held' then
      holds[#holds + 1] = ARGV[at]
      holds[#holds + 1] = OPTION .. ' ' .. string.format('%.0f', time + TTL)
    end
  end
  told[#told + 1] = answer
end
if #holds > 0 then
  call('HSET', HELD, unpack(holds))
  call('PEXPIRE', HELD, TTL)
end
return told
