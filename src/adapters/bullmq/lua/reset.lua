-- Active jobs whose lock is gone wait again, first in their lane, and count as stalled once more.
local told, done, given = { 'ok' }, {}, {}

local function reset(id, key, fields)
  if call('EXISTS', key .. ':lock') == 1 then
    return 'alive'
  end
  local twin = twinOf(fields[DEDUP], id)
  if twin then
    return 'twin:' .. twin
  end
  local priority = priorityOf(fields[PRIORITY])
  if call('LREM', ACTIVE, 1, id) == 0 then
    return 'moved'
  end
  enqueue(id, priority, true)
  done[#done + 1] = id
  call('SREM', STALLED, id)
  redis.pcall('HINCRBY', key, 'stc', 1)
  if fields[DEDUP] then
    takeDedup(fields[DEDUP], id, optionsOf(fields[OPTS]))
  end
  event('waiting', id, 'prev', 'active')
  return 'done'
end

begin()
for n = FIRST_KEY, #KEYS do
  local at = FIRST + (n - FIRST_KEY) * PRINT
  local id, key = ARGV[at], KEYS[n]
  told[#told + 1] = answered(function()
    local answer, fields = changed(key, at)
    return answer or (STATES[tonumber(ARGV[at + 1])] ~= ACTIVE and 'moved') or reset(id, key, fields)
  end)
  given[#given + 1] = id
end
if #done > 0 then
  wake()
end
finish(done, given)
return told
