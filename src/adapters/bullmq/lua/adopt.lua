-- Dead jobs that lie in a queue of their own wait again in the queue that they are of. OPTION: what the keys of that other queue
-- begin with, where it lies in the same slot: then each is taken out of it in the same step, if it is still what was saved.
-- Without it they are only added. KEYS from FIRST_KEY: its states, its events, its jobs.
-- For each job: what `changed` wants, then what `add` wants. Answers `as:` and the new id.
local told, done, lists = { 'ok' }, {}, {}
local EACH = PRINT + 6
local OTHER = OPTION ~= '' and { unpack(KEYS, FIRST_KEY, FIRST_KEY + 7) } or nil
local FIRST_JOB = FIRST_KEY + 9

for state, key in ipairs(OTHER or {}) do
  if foreign(key, state <= LISTS and 'list' or 'zset') then
    return redis.error_reply('FOREIGN ' .. key)
  end
end

local function bars(job)
  local answer, fields = changed(job.key, job.at, true)
  if answer then
    return answer
  end
  if call('EXISTS', job.key .. ':lock') == 1 then
    return 'locked'
  end
  if call('EXISTS', job.key .. ':dependencies') == 1 then
    return 'children:' .. call('SCARD', job.key .. ':dependencies')
  end
  if fields[PARENT] and parentOf(job.key) then
    return 'parent:' .. fields[PARENT]
  end
  if job.state > LISTS and call('ZSCORE', OTHER[job.state], job.id) ~= job.score then
    return 'moved'
  end
  job.dedup = fields[DEDUP] and OPTION .. 'de:' .. fields[DEDUP]
  return 'done'
end

local function back(job)
  if job.state <= LISTS then
    call('RPUSH', OTHER[job.state], job.id)
  else
    call('ZADD', OTHER[job.state], job.score, job.id)
  end
end

local function adopt(job)
  local answer = add(job.at + PRINT)
  if not tonumber(answer) then
    if OTHER then
      back(job)
    end
    return answer
  end
  done[#done + 1] = { job.id, answer }
  if OTHER then
    local key = job.key
    call('DEL', key, key .. ':logs', key .. ':processed', key .. ':failed', key .. ':unsuccessful')
    if job.dedup and redis.pcall('GET', job.dedup) == job.id then
      call('DEL', job.dedup)
    end
    redis.pcall('XADD', KEYS[FIRST_JOB - 1], 'MAXLEN', '~', 10000, '*', 'event', 'removed', 'jobId', job.id)
  end
  return 'as:' .. answer
end

begin()
for n = 0, (#ARGV - FIRST + 1) / EACH - 1 do
  local at = FIRST + n * EACH
  local job = { id = ARGV[at], at = at, key = KEYS[FIRST_JOB + n], state = tonumber(ARGV[at + 1]), score = ARGV[at + 2], place = n + 2 }
  told[job.place] = OTHER and answered(bars, job) or 'done'
  if told[job.place] == 'done' and OTHER and job.state <= LISTS then
    lists[job.state] = lists[job.state] or {}
    table.insert(lists[job.state], job)
  elseif told[job.place] == 'done' then
    if OTHER then
      call('ZREM', OTHER[job.state], job.id)
    end
    told[job.place] = adopt(job)
  end
end
takeAll(lists, OTHER, 'right', told, function(job)
  told[job.place] = adopt(job)
end)
finish(done, {})
return told
