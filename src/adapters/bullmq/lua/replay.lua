-- Dead jobs wait again, each in its own lane. OPTION: 'keep' leaves the number of attempts as it is.
local told, done, given = { 'ok' }, {}, {}

local plain = {}

-- In one go: most jobs have no lane of their own.
local function flush()
  for from = 1, #plain, 5000 do
    call('LPUSH', waiting(), unpack(plain, from, math.min(#plain, from + 4999)))
  end
  plain = {}
end

local cleared = { 'finishedOn', 'processedOn', 'failedReason', 'stc', 'defa', 'atm', 'ats' }
local clearing = OPTION == 'keep' and 5 or 7

local function replay(id, key, at, fields)
  if hasMore(at) and call('EXISTS', key .. ':dependencies', key .. ':unsuccessful') > 0 then
    local children = call('SCARD', key .. ':dependencies') + call('ZCARD', key .. ':unsuccessful')
    return 'children:' .. children
  end
  local twin = twinOf(fields[DEDUP], id)
  if twin then
    return 'twin:' .. twin
  end
  local barred = fields[PARENT] and parentBars(key)
  if barred then
    return barred
  end
  local priority = priorityOf(fields[PRIORITY])
  if call('ZREM', FAILED, id) == 0 then
    return 'moved'
  end
  done[#done + 1] = id
  call('HDEL', key, unpack(cleared, 1, clearing))
  local lifo = priority == 0 and string.find(fields[OPTS] or '', '"lifo":true', 1, true) and optionsOf(fields[OPTS])['lifo'] == true
  if lifo then
    call('RPUSH', waiting(), id)
  elseif priority == 0 then
    plain[#plain + 1] = id
  else
    enqueue(id, priority, false)
  end
  if fields[PARENT] then
    backToParent(key)
  end
  if fields[DEDUP] then
    takeDedup(fields[DEDUP], id, optionsOf(fields[OPTS]))
  end
  event('waiting', id, 'prev', 'failed')
  return 'done'
end

local function unchanged(id, key, at)
  local answer, fields = changed(key, at)
  return answer or (STATES[tonumber(ARGV[at + 1])] ~= FAILED and 'moved') or replay(id, key, at, fields)
end

begin()
for n = FIRST_KEY, #KEYS do
  local at = FIRST + (n - FIRST_KEY) * PRINT
  local id, key = ARGV[at], KEYS[n]
  told[#told + 1] = answered(unchanged, id, key, at)
  given[#given + 1] = id
end
flush()
if #done > 0 then
  wake()
end
finish(done, given)
return told
