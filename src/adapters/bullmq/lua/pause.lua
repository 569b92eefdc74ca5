-- Pauses or resumes a queue as the library of its layout does, without ever writing one list over another. OPTION: which.
-- Answers how many jobs are still to be moved: it is called again until there are none.
local STEP = 5000

-- Jobs that v5 has set aside wait again. They are older than those that have come since.
local function unite()
  if call('EXISTS', PAUSED) == 0 then
    return 0
  end
  if call('EXISTS', WAIT) == 0 then
    call('RENAME', PAUSED, WAIT)
    return 0
  end
  local ids = call('LRANGE', PAUSED, 0, STEP - 1)
  call('RPUSH', WAIT, unpack(ids))
  call('LTRIM', PAUSED, #ids, -1)
  return call('LLEN', PAUSED)
end

if OPTION == 'pause' then
  if meta[1] then
    return { 'ok', 0 }
  end
  local left = LAYOUT == 'v5' and unite() or 0
  if left > 0 then
    return { 'ok', left }
  end
  if LAYOUT == 'v5' and call('EXISTS', WAIT) == 1 then
    call('RENAME', WAIT, PAUSED)
  end
  call('HSET', META, 'paused', 1)
  call('DEL', MARKER)
  call('XADD', EVENTS, '*', 'event', 'paused')
  return { 'ok', 0 }
end

local was = meta[1]
if was then
  call('HDEL', META, 'paused')
  meta[1] = false
end
local left = unite()
if call('LLEN', WAIT) + call('ZCARD', PRIORITIZED) > 0 then
  call('ZADD', MARKER, 0, '0')
else
  wakeForDelayed()
end
if was then
  call('XADD', EVENTS, '*', 'event', 'resumed')
end
return { 'ok', left }
