-- Puts a scheduler back with a next run. OPTION: 'resume' takes it from those that are paused, if it is still the one that was
-- read there; 'keep' puts it among those. Arguments: id, when it runs next, what was kept, the score of that run or nothing, then the fields of the
-- scheduler and of the run, each with their number in front.
local id, time, kept, score = unpack(ARGV, FIRST, FIRST + 3)
local at = FIRST + 4
local key = REPEAT .. ':' .. id
local nextId = 'repeat:' .. id .. ':' .. time
local job = BASE .. nextId
local PARKED = string.sub(LOCK, 1, -5) .. 'schedulers'

local function fill(hash)
  local size = 2 * tonumber(ARGV[at])
  for n = at + 1, at + size, 1000 do
    call('HSET', hash, unpack(ARGV, n, math.min(at + size, n + 999)))
  end
  at = at + 1 + size
end

if foreign(PARKED, 'hash') then
  return redis.error_reply('FOREIGN ' .. PARKED)
end
if OPTION == 'resume' and call('HGET', PARKED, id) ~= kept then
  return { 'ok', 'gone' }
end
if call('ZSCORE', REPEAT, id) or call('EXISTS', key) == 1 then
  return { 'ok', 'exists' }
end
if OPTION == 'keep' then
  return { 'ok', call('HSETNX', PARKED, id, kept) == 1 and 'done' or 'exists' }
end
if call('EXISTS', job) == 1 then
  return { 'ok', 'busy' }
end
begin()
local function put()
  fill(key)
  call('ZADD', REPEAT, time, id)
  fill(job)
  -- the next job without an id of its own is given a number that counts this one, as the library counts it
  if score == '' then
    redis.pcall('INCR', NEXT_ID)
  end
  event('added', nextId, 'name', call('HGET', job, 'name') or '')
  if tonumber(time) > now() then
    call('ZADD', DELAYED, score ~= '' and score or string.format('%.0f', dueScore(tonumber(time))), nextId)
    event('delayed', nextId, 'delay', time)
    wakeForDelayed()
  else
    enqueue(nextId, priorityOf(call('HGET', job, 'priority')), false)
    event('waiting', nextId)
    wake()
  end
  return 'done'
end
local answer = answered(put)
if answer ~= 'done' then -- a scheduler without its next run would never run again: what is paused stays so
  call('DEL', key, job)
  call('ZREM', REPEAT, id)
  finish({}, {})
  return { 'ok', answer }
end
if OPTION == 'resume' then
  call('HDEL', PARKED, id)
end
finish({ id }, {})
return { 'ok', 'done' }
