-- Takes back our own last write, where nobody has touched the job since. For each job: what `changed` wants; the state and
-- score that it had; fields to be set and fields to be dropped, each with their number in front; in which of the parent's
-- records of failed children it stood, and with what; its deduplication id, whether it owned that, and how long that held.
local told, done, given = { 'ok' }, {}, {}
local lists = {}
local at = FIRST

local function piece()
  local from, length = at + 1, tonumber(ARGV[at])
  at = from + length
  return from, at - 1
end

local function read()
  local job = { id = ARGV[at], at = at, state = tonumber(ARGV[at + 1]), to = tonumber(ARGV[at + PRINT]), score = ARGV[at + PRINT + 1] }
  at = at + PRINT + 2
  job.set = { piece() }
  job.drop = { piece() }
  job.record, job.noted, job.dedup = ARGV[at], ARGV[at + 1], ARGV[at + 2] ~= '' and ARGV[at + 2]
  job.owned, job.window = ARGV[at + 3] == '1', tonumber(ARGV[at + 4])
  at = at + 5
  return job
end

local function waits(job)
  return job.to >= 2 and job.to <= 5
end

-- A job that waits again is waited for, and one that is dead again has failed its parent again.
local function backInRecord(key, job)
  if job.record == '' and waits(job) then
    backToParent(key)
  end
  local parent = job.record ~= '' and parentOf(key)
  if parent and call('SREM', parent .. ':dependencies', key) == 1 then
    if job.record == 'failedFor' then
      call('ZADD', parent .. ':unsuccessful', job.noted, key)
    else
      call('HSET', parent .. ':failed', key, job.noted)
    end
  end
end

-- What our write had taken is given up, and what it had given up is taken again.
local function keepDedup(job)
  if not job.owned then
    dropDedup(job.dedup, job.id)
  elseif job.dedup and call('EXISTS', BASE .. 'de:' .. job.dedup) == 0 then
    call('SET', BASE .. 'de:' .. job.dedup, job.id)
    if job.window > 0 then
      call('PEXPIRE', BASE .. 'de:' .. job.dedup, job.window)
    end
  end
end

-- By which a later undo of this undo sees that the job has been left alone.
local function sign(key, job)
  local fields = call('HMGET', key, 'atm', 'ats', 'processedOn', 'finishedOn')
  local parts = { tostring(job.to), job.score }
  for n = 1, 4 do
    parts[#parts + 1] = fields[n] or ''
  end
  parts[#parts + 1] = tostring(call('HLEN', key))
  return table.concat(parts, '|')
end

local function put(id, state, score)
  if STATES[state] == ACTIVE then
    call('LPUSH', ACTIVE, id)
  elseif state <= LISTS then
    call('LPUSH', waiting(), id)
  else
    call('ZADD', STATES[state], score, id)
  end
end

local function revert(key, job)
  if job.to ~= job.state then
    put(job.id, job.to, job.score)
  end
  job.stands = true
  for n = job.set[1], job.set[2], 2 do
    call('HSET', key, ARGV[n], ARGV[n + 1])
  end
  if job.drop[2] >= job.drop[1] then
    call('HDEL', key, unpack(ARGV, job.drop[1], job.drop[2]))
  end
  if job.to >= 2 and job.to <= 4 then
    wake()
  end
  backInRecord(key, job)
  keepDedup(job)
  done[#done + 1] = { job.id, sign(key, job) }
  return 'done'
end

-- A job that was taken out and cannot go where it was before goes back to where it has just been.
local function safely(key, job)
  local answer = answered(revert, key, job)
  if not job.stands and job.to ~= job.state then
    put(job.id, job.state, ARGV[job.at + 2])
  end
  told[job.place] = answer
end

local function bars(key, job)
  local parent = (job.record ~= '' or waits(job)) and parentOf(key)
  local strangeKey = parent and strange(parent)
  local twin = waits(job) and twinOf(job.dedup, job.id)
  return changed(key, job.at) or (not stands(job.at) and 'moved') or (call('EXISTS', key .. ':lock') == 1 and 'moved')
    or (strangeKey and 'foreign:' .. strangeKey) or (twin and 'twin:' .. twin)
    or (waits(job) and parentBars(key)) or 'done'
end

begin()
for n = FIRST_KEY, #KEYS do
  local job, key = read(), KEYS[n]
  local answer = answered(bars, key, job)
  job.key, job.place = key, #told + 1
  told[job.place] = answer
  given[#given + 1] = job.id
  if answer == 'done' and job.state <= LISTS and job.to ~= job.state then
    lists[job.state] = lists[job.state] or {}
    table.insert(lists[job.state], job)
  elseif answer == 'done' then
    if job.to ~= job.state then
      call('ZREM', STATES[job.state], job.id)
    end
    safely(key, job)
  end
end
takeAll(lists, STATES, 'left', told, function(job)
  safely(job.key, job)
end)
finish(done, given)
return told
