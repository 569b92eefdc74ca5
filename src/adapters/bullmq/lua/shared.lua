-- In front of every script that writes. Nothing is written by whoever has lost the lock on the queue.
-- Keys that are not named in KEYS begin with the name of the queue or of a job that is: they lie in the same slot.
local call = redis.call
local LOCK, HELD, MARK = KEYS[1], KEYS[2], KEYS[3]
-- active, wait, paused, prioritized, delayed, waiting-children, failed, completed: the first three are lists
local STATES = { KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11] }
local ACTIVE, WAIT, PAUSED, PRIORITIZED, DELAYED, BLOCKED, FAILED, COMPLETED = unpack(STATES)
local META, MARKER, EVENTS, COUNTER, NEXT_ID, STALLED, REPEAT = unpack(KEYS, 12, 18)
local FIRST_KEY = 19
local BASE, TOKEN, TTL, LAYOUT, OPTION = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local FIRST = 6
local LISTS = 3

-- Redis takes nothing back when a call fails half-way. So what could fail is looked at before anything is written: a queue with a
-- key that is another program's is refused whole, and a job whose own keys are not what they should be is left where it is.
local function foreign(key, kind)
  local is = call('TYPE', key)['ok']
  return is ~= 'none' and is ~= kind
end
for n, kind in ipairs({ 'string', 'hash', 'string', 'list', 'list', 'list', 'zset', 'zset', 'zset', 'zset', 'zset', 'hash', 'zset', 'stream',
  'string', 'string', 'set', 'zset' }) do
  if foreign(KEYS[n], kind) then
    return redis.error_reply('FOREIGN ' .. KEYS[n])
  end
end

if TOKEN ~= '' and call('GET', LOCK) ~= TOKEN then
  return { 'lost' }
end

local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Redis refuses all that takes memory, or nothing of it, for the whole of a script: so the first write is one that does.
-- A job taken out of one list is then never refused by the other.
local function begin()
  call('APPEND', MARK, '')
end

-- What was done stays readable under the mark of the claim, for whoever has to find out later.
local function finish(done, given)
  if #done > 0 then
    call('APPEND', MARK, cjson.encode(done) .. '\n')
  end
  call('PEXPIRE', MARK, TTL)
  if #given > 0 then
    call('HDEL', HELD, unpack(given))
  end
end

-- What is said of one job, also when a call for it fails: the others are none the worse for it.
local function answered(work, ...)
  local whole, answer, more = pcall(work, ...)
  if whole then
    return answer, more
  end
  return 'fault:' .. (type(answer) == 'table' and answer['err'] or tostring(answer))
end

-- How many arguments tell of a job: id, state, score, whether more than a hash belongs to it, and what it looked like.
local PRINT = 5

-- False when it is not in its sorted set any more, or with another score. In a list that is seen when it is taken out.
local function stands(at)
  local state = tonumber(ARGV[at + 1])
  return state <= LISTS or call('ZSCORE', STATES[state], ARGV[at]) == ARGV[at + 2]
end

local function hasMore(at)
  return ARGV[at + 3] == '1'
end

-- Why the job is not the one that was read, and the fields that it has now. `exact`, for what is about to be taken away or
-- overwritten: what it looked like is the digest of all that a worker or a program may change of it.
local OPTS, PRIORITY, DEDUP, PARENT, SCHEDULER, DATA, PROGRESS = 5, 6, 7, 8, 9, 10, 11
local function changed(key, at, exact)
  local fields
  if exact then
    fields = call('HMGET', key, 'atm', 'ats', 'processedOn', 'finishedOn', 'opts', 'priority', 'deid', 'parentKey', 'rjk', 'data', 'progress')
  else
    fields = call('HMGET', key, 'atm', 'ats', 'processedOn', 'finishedOn', 'opts', 'priority', 'deid', 'parentKey')
  end
  local now = (fields[1] or '') .. '|' .. (fields[2] or '') .. '|' .. (fields[3] or '') .. '|' .. (fields[4] or '')
  if exact then
    local lines = hasMore(at) and call('LLEN', key .. ':logs') or 0
    local progress = fields[PROGRESS] or ''
    now = redis.sha1hex(now .. '|' .. call('HLEN', key) .. '|' .. lines .. '|' .. #progress .. '|' .. progress .. (fields[DATA] or ''))
  end
  if now ~= ARGV[at + 4] then
    return call('EXISTS', key) == 0 and 'gone' or 'moved', fields
  end
  if not fields[OPTS] and not fields[DATA] and call('EXISTS', key) == 0 then
    return 'gone', fields
  end
  return nil, fields
end

local meta = call('HMGET', META, 'paused', 'concurrency', 'opts.maxLenEvents')

-- v5 moves the waiting jobs of a paused queue into a list of their own and takes that for the waiting ones when it resumes:
-- what stood in the other is lost then. v6 leaves them where they are.
local function waiting()
  if meta[1] and (call('EXISTS', PAUSED) == 1 or (LAYOUT == 'v5' and call('EXISTS', WAIT) == 0)) then
    return PAUSED
  end
  return WAIT
end

-- Wakes a worker that blocks, unless none may take a job.
local function wake()
  if meta[1] or (meta[2] and call('LLEN', ACTIVE) >= (tonumber(meta[2]) or math.huge)) then
    return
  end
  call('ZADD', MARKER, 0, '0')
end

local function wakeForDelayed()
  local first = call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')
  if first[2] then
    call('ZADD', MARKER, tonumber(first[2]) / 4096, '1')
  end
end

-- Jobs that are due in the same millisecond keep their order.
local function dueScore(due)
  local last = call('ZREVRANGEBYSCORE', DELAYED, (due + 1) * 4096 - 1, due * 4096, 'WITHSCORES', 'LIMIT', 0, 1)
  return last[2] and math.min(tonumber(last[2]) + 1, (due + 1) * 4096 - 1) or due * 4096
end

-- Only told to those who listen: a job is not lost over it.
local function event(name, id, ...)
  redis.pcall('XADD', EVENTS, 'MAXLEN', '~', meta[3] or 10000, '*', 'event', name, 'jobId', id, ...)
end

local function optionsOf(text)
  local ok, value = pcall(cjson.decode, text or '{}')
  return ok and type(value) == 'table' and value or {}
end

-- The job of the same deduplication id that has not ended yet.
local function twinOf(dedup, id)
  if not dedup then
    return nil
  end
  local owner = redis.pcall('GET', BASE .. 'de:' .. dedup)
  if type(owner) ~= 'string' or owner == id or call('EXISTS', BASE .. owner) == 0 then
    return nil
  end
  if call('ZSCORE', FAILED, owner) or call('ZSCORE', COMPLETED, owner) then
    return nil
  end
  return owner
end

-- Without a time limit the id is taken as long as the job has not ended; with one it was a window in time, and that is past.
local function takeDedup(dedup, id, options)
  local given = type(options['de']) == 'table' and options['de'] or {}
  if dedup and (tonumber(given['ttl']) or 0) <= 0 then
    call('SET', BASE .. 'de:' .. dedup, id)
  end
end

local function dropDedup(dedup, id)
  if dedup and redis.pcall('GET', BASE .. 'de:' .. dedup) == id then
    call('DEL', BASE .. 'de:' .. dedup)
  end
end

local function priorityOf(text)
  local priority = tonumber(text)
  return priority and priority > 0 and priority < 4294967296 and priority or 0
end

-- Puts the job where a worker will take it, by its priority. `front`: before those that wait already.
local function enqueue(id, priority, front)
  if priority == 0 then
    call(front and 'RPUSH' or 'LPUSH', waiting(), id)
  elseif front then
    call('ZADD', PRIORITIZED, priority * 4294967296, id)
  else
    local tie = redis.pcall('INCR', COUNTER)
    call('ZADD', PRIORITIZED, priority * 4294967296 + (tonumber(tie) or 0) % 4294967296, id)
  end
end

-- The parent that the job belongs to: its key, its queue's base and its id; nil where there is none any more.
local function parentOf(key)
  local fields = call('HMGET', key, 'parentKey', 'parent')
  local parent = fields[1]
  if not parent or parent == '' or call('EXISTS', parent) == 0 then
    return nil
  end
  local told = optionsOf(fields[2])
  if type(told['queueKey']) == 'string' and told['id'] then
    return parent, told['queueKey'] .. ':', tostring(told['id'])
  end
  local id = string.match(parent, '.*:(.*)')
  return parent, string.sub(parent, 1, #parent - #id), id
end

-- A key of the parent that is not what the children of a flow are noted in.
local function strange(parent)
  for suffix, kind in pairs({ [':dependencies'] = 'set', [':unsuccessful'] = 'zset', [':failed'] = 'hash' }) do
    if foreign(parent .. suffix, kind) then
      return parent .. suffix
    end
  end
  return nil
end

-- A parent that has gone on would be stopped by a child that is not done.
local function parentBars(key)
  local parent, base, id = parentOf(key)
  if not parent then
    return nil
  end
  if strange(parent) then
    return 'foreign:' .. strange(parent)
  end
  local counted = call('ZSCORE', parent .. ':unsuccessful', key) or call('HEXISTS', parent .. ':failed', key) == 1
  if not counted or call('ZSCORE', base .. 'waiting-children', id) or call('ZSCORE', base .. 'failed', id)
    or call('ZSCORE', base .. 'completed', id) then
    return nil
  end
  return 'went-on:' .. parent
end

local function backToParent(key)
  local parent = parentOf(key)
  if parent and (call('ZREM', parent .. ':unsuccessful', key) == 1 or call('HDEL', parent .. ':failed', key) == 1) then
    call('SADD', parent .. ':dependencies', key)
  end
end

-- How many elements of a list one step may look at: about ten milliseconds' worth.
local BUDGET = 200000

-- Takes these ids out of a list, `from` its 'left' or 'right' end, whichever they are nearer to. Answers which were there,
-- and which could not be looked for in this step. Many at once are overwritten in place and swept out together.
local function take(list, ids, from)
  local found, later = {}, {}
  local length = call('LLEN', list)
  local count = from == 'left' and 1 or -1
  if length * #ids <= BUDGET then
    for _, id in ipairs(ids) do
      if call('LREM', list, count, id) > 0 then
        found[id] = true
      end
    end
    return found, later
  end
  local wanted, swept, spent = {}, 0, 0
  for _, id in ipairs(ids) do
    wanted[id] = true
  end
  local gone = 'taken:' .. MARK
  for _, id in ipairs(ids) do
    if wanted[id] and spent >= BUDGET then
      later[id] = true
    elseif wanted[id] then
      wanted[id] = nil
      local at = call('LPOS', list, id, 'RANK', count)
      spent = spent + (not at and length or from == 'left' and at or length - at)
      if at then
        wanted[id] = true
        local first = math.max(0, at - 2 * #ids)
        for n, other in ipairs(call('LRANGE', list, first, at + 2 * #ids)) do
          if wanted[other] then
            call('LSET', list, first + n - 1, gone)
            wanted[other], found[other], swept = nil, true, swept + 1
          end
        end
      end
    end
  end
  if swept > 0 then
    call('LREM', list, count * swept, gone)
  end
  return found, later
end

-- Takes jobs out of the lists of their states, by state, and goes on with each that was there.
local function takeAll(lists, keys, from, told, with)
  for state, jobs in pairs(lists) do
    local ids = {}
    for n, job in ipairs(jobs) do
      ids[n] = job.id
    end
    local found, later = take(keys[state], ids, from)
    for _, job in ipairs(jobs) do
      if found[job.id] then
        with(job, state)
      else
        told[job.place] = later[job.id] and 'later' or 'moved'
      end
    end
  end
end
