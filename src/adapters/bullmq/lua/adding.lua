-- In front of the scripts that add jobs as the library does.
local time = now()
if not tonumber(call('GET', NEXT_ID) or 0) then
  return redis.error_reply('FOREIGN ' .. NEXT_ID)
end
local made, mine

local function make(at)
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
  made, mine = id, dedup
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

-- Arguments from `at`: name, data, options, priority, delay in milliseconds, deduplication id. Answers the id, or `twin:` and
-- the id of the job that has the deduplication id; nothing is left of one whose call fails.
local function add(at)
  made = nil
  local answer = answered(make, at)
  if made and answer ~= made then
    call('DEL', BASE .. made)
    dropDedup(mine ~= '' and mine, made)
  end
  return answer
end
