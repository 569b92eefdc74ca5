-- Recreates jobs that are gone. OPTION: the highest whole number among their ids. For each job: id, state, score, whether it
-- owned its deduplication id and how long that holds, then its fields, its log, and what a flow has noted with it, each with
-- its number in front.
local told, done = { 'ok' }, {}
local at = FIRST

local function piece()
  local from, length = at + 1, tonumber(ARGV[at])
  at = from + length
  return from, at - 1
end

-- Texts of digits: as numbers the long ones would be rounded.
local function larger(one, other)
  if #one ~= #other then
    return #one > #other
  end
  for n = 1, #one do
    local a, b = string.byte(one, n), string.byte(other, n)
    if a ~= b then
      return a > b
    end
  end
  return false
end

-- Before anything else: the next job would be given the id of one that comes back, and be written over it.
local function raise()
  if OPTION ~= '' and larger(OPTION, call('GET', NEXT_ID) or '0') then
    call('SET', NEXT_ID, OPTION)
  end
end

local function add(command, key, from, to)
  for n = from, to, 1000 do
    call(command, key, unpack(ARGV, n, math.min(to, n + 999)))
  end
end

-- What a job has besides its hash.
local function beside(key)
  return key .. ':logs', key .. ':dependencies', key .. ':processed', key .. ':failed', key .. ':unsuccessful'
end

local function bars(key, job)
  if call('EXISTS', key) == 1 then
    return 'exists'
  end
  if call('EXISTS', beside(key)) > 0 then
    return 'leftover:' .. key
  end
  for n = LISTS + 1, 8 do
    if call('ZSCORE', STATES[n], job.id) then
      return 'stray'
    end
  end
  if job.state == 6 then
    for n = job.dependencies[1], job.dependencies[2] do
      if call('EXISTS', ARGV[n]) == 0 then
        return 'children-gone'
      end
    end
  end
  local waits = job.state >= 2 and job.state <= 5
  -- without a time limit only what has not ended keeps the id; a window in time goes on whatever became of the job
  if waits or (job.owned and job.window > 0) then
    for n = job.fields[1], job.fields[2], 2 do
      if ARGV[n] == 'deid' then
        job.dedup = ARGV[n + 1]
      elseif ARGV[n] == 'opts' then
        job.lifo = optionsOf(ARGV[n + 1])['lifo'] == true
      end
    end
    local twin = waits and twinOf(job.dedup, job.id)
    return twin and 'twin:' .. twin or nil
  end
  return nil
end

local function place(id, job)
  local state = STATES[job.state]
  if state == ACTIVE then
    call('LPUSH', ACTIVE, id)
  elseif job.state <= LISTS then
    call(job.lifo and 'RPUSH' or 'LPUSH', waiting(), id)
  else
    call('ZADD', state, job.score, id)
  end
  if state == DELAYED then
    wakeForDelayed()
    event('delayed', id, 'delay', string.format('%.0f', math.floor(tonumber(job.score) / 4096)))
  elseif job.state >= 2 and job.state <= 4 then
    wake()
    event('waiting', id)
  end
end

-- Into its list last: what is in one is whole.
local function restore(id, key, job)
  add('HSET', key, unpack(job.fields))
  add('RPUSH', key .. ':logs', unpack(job.logs))
  add('SADD', key .. ':dependencies', unpack(job.dependencies))
  add('HSET', key .. ':processed', unpack(job.processed))
  add('HSET', key .. ':failed', unpack(job.failed))
  for n = job.unsuccessful[1], job.unsuccessful[2], 2 do
    call('ZADD', key .. ':unsuccessful', ARGV[n + 1], ARGV[n])
  end
  if job.dedup and job.owned and call('EXISTS', BASE .. 'de:' .. job.dedup) == 0 then
    call('SET', BASE .. 'de:' .. job.dedup, id)
    if job.window > 0 then
      call('PEXPIRE', BASE .. 'de:' .. job.dedup, job.window)
    end
  end
  place(id, job)
  done[#done + 1] = id
  return 'done'
end

begin()
raise()
for n = FIRST_KEY, #KEYS do
  local id, key = ARGV[at], KEYS[n]
  local job = { id = id, state = tonumber(ARGV[at + 1]), score = ARGV[at + 2], owned = ARGV[at + 3] == '1', window = tonumber(ARGV[at + 4]) }
  at = at + 5
  for _, name in ipairs({ 'fields', 'logs', 'dependencies', 'processed', 'failed', 'unsuccessful' }) do
    job[name] = { piece() }
  end
  local answer = answered(bars, key, job) or 'done'
  if answer == 'done' then
    answer = answered(restore, id, key, job)
    if answer ~= 'done' then -- none of it was there before
      call('DEL', key, beside(key))
      dropDedup(job.owned and job.dedup, id)
    end
  end
  told[#told + 1] = answer
end
finish(done, {})
return told
