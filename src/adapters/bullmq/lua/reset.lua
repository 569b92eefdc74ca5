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
  if call('LREM', ACTIVE, 1, id) == 0 then
    return 'moved'
  end
  enqueue(id, tonumber(fields[PRIORITY]) or 0, true) -- at once: after a call that fails the job must stand somewhere
  call('SREM', STALLED, id)
  call('HINCRBY', key, 'stc', 1)
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
  local answer, fields = changed(key, at)
  answer = answer or (STATES[tonumber(ARGV[at + 1])] ~= ACTIVE and 'moved') or reset(id, key, fields)
  told[#told + 1] = answer
  given[#given + 1] = id
  if answer == 'done' then
    done[#done + 1] = id
  end
end
if #done > 0 then
  wake()
end
finish(done, given)
return told
