-- Adds jobs as the library does. For each: name, data, options, priority, delay in milliseconds, deduplication id.
-- Answers the id for each, or `twin:` and the id of the job that has the deduplication id.
local told = { 'ok' }
local time = now()

local function add(at)
  local name, data, options, priority, delay, dedup = unpack(ARGV, at, at + 5)
  local twin = dedup ~= '' and twinOf(dedup, '')
  if twin then
    return 'twin:' .. twin
  end
  local id, key
  repeat
    id = string.format('%.0f', call('INCR', NEXT_ID))
    key = BASE .. id
  until call('EXISTS', key) == 0
  call('HSET', key, 'name', name, 'data', data, 'opts', options, 'timestamp', string.format('%.0f', time), 'delay', delay,
    'priority', priority)
  event('added', id, 'name', name)
  if dedup ~= '' then
    call('HSET', key, 'deid', dedup)
    call('SET', BASE .. 'de:' .. dedup, id)
  end
  if tonumber(delay) > 0 then
    local due = time + tonumber(delay)
    call('ZADD', DELAYED, string.format('%.0f', dueScore(due)), id)
    event('delayed', id, 'delay', string.format('%.0f', due))
    wakeForDelayed()
  else
    enqueue(id, tonumber(priority), false)
    event('waiting', id)
    wake()
  end
  return id
end

for at = FIRST, #ARGV, 6 do
  told[#told + 1] = add(at)
end
return told
