-- Takes a scheduler away as the library does, if it is still what was saved: its next run goes with it while that is delayed,
-- and runs as an ordinary job once it is due. OPTION: 'pause' keeps what was saved beside the queue until it is resumed,
-- 'forget' takes that away again.
-- Arguments: id, score, what is kept, the next run's score, then the fields of the scheduler and of that run, each with their
-- number in front.
local id, score, kept, due = unpack(ARGV, FIRST, FIRST + 3)
local at = FIRST + 4
local key = REPEAT .. ':' .. id
local nextId = 'repeat:' .. id .. ':' .. score
local PARKED = string.sub(LOCK, 1, -5) .. 'schedulers'

local function same(hash)
  local size = tonumber(ARGV[at])
  local equal = call('HLEN', hash) == size
  for n = at + 1, at + 2 * size, 2 do
    equal = equal and call('HGET', hash, ARGV[n]) == ARGV[n + 1]
  end
  at = at + 1 + 2 * size
  return equal
end

if foreign(PARKED, 'hash') then
  return redis.error_reply('FOREIGN ' .. PARKED)
end
if OPTION == 'forget' then
  local now = call('HGET', PARKED, id)
  if now == kept then
    call('HDEL', PARKED, id)
  end
  return { 'ok', not now and 'gone' or now == kept and 'done' or 'moved' }
end
local now = call('ZSCORE', REPEAT, id)
if not now then
  return { 'ok', 'gone' }
end
if now ~= score or not same(key) or (call('ZSCORE', DELAYED, nextId) or '') ~= due then
  return { 'ok', 'moved' }
end
local job = BASE .. nextId
if due ~= '' and not same(job) then
  return { 'ok', 'moved' }
end
begin()
if OPTION == 'pause' then -- before anything goes
  call('HSET', PARKED, id, kept)
else
  call('HDEL', PARKED, id)
end
if due ~= '' then
  dropDedup(call('HGET', job, 'deid'), nextId)
  call('ZREM', DELAYED, nextId)
  call('DEL', job, job .. ':logs', job .. ':dependencies', job .. ':processed', job .. ':failed', job .. ':unsuccessful')
  event('removed', nextId, 'prev', 'delayed')
end
call('ZREM', REPEAT, id)
call('DEL', key)
finish({ id }, {})
return { 'ok', 'done' }
