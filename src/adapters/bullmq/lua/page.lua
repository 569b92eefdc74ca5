-- Jobs with all that there is of them, as they are at one instant. Writes nothing.
-- KEYS: the eight states. ARGV: base, 'list' or 'zset' or 'ids', number of the state, jobs at most, bytes at most, then
--   list: how many were seen and are still there, and some of their ids, the last one first
--   zset: the last score and id seen, or two empty texts, and the highest score that is wanted
--   ids:  the ids
-- Answers how far it came, the number of jobs, score and id of the last one, and all of them in one packed text: for each its
-- id, state, score, whether it is locked, its hash, and what else it has; lists with their length in front.
local call = redis.call
local base, kind, number, limit, bytes = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local FIRST = 6
local ACTIVE, WAIT, PAUSED, PRIORITIZED = 1, 2, 3, 4
local packed, texts, size, rows, lastId, lastScore = {}, 0, 0, 0, '', ''
-- A list that is longer is not searched through for one job: whether the job is there is found out by the write itself.
local LONG = 100000
-- How many elements of lists one step may look at for jobs asked for by name: about ten milliseconds' worth. It ends early then.
local BUDGET = 200000
local spent = 0

local function after(one, other)
  for n = 1, math.min(#one, #other) do
    local a, b = string.byte(one, n), string.byte(other, n)
    if a ~= b then
      return a > b
    end
  end
  return #one > #other
end

-- The rank of the first member behind this score and id, also when that member has left meanwhile.
local function rankAfter(key, score, member)
  local rank = call('ZRANK', key, member)
  if rank and call('ZSCORE', key, member) == score then
    return rank + 1
  end
  local low = call('ZCOUNT', key, '-inf', '(' .. score)
  local high = low + call('ZCOUNT', key, score, score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if after(call('ZRANGE', key, middle, middle)[1], member) then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

-- How many from the right end have been seen. Workers take from there, so the place is looked up by the ids that it had.
local function seenOf(key, seen)
  if seen == 0 then
    return 0
  end
  if call('LINDEX', key, -seen) == ARGV[FIRST + 1] then
    return seen
  end
  local length = call('LLEN', key)
  for n = FIRST + 1, #ARGV do
    local at = call('LPOS', key, ARGV[n], 'RANK', -1, 'MAXLEN', seen + 1000)
    if at then
      return length - at
    end
  end
  return 0
end

local function put(value)
  texts = texts + 1
  packed[texts] = value
end

-- What is counted is not searched for: # looks for the end of a table each time.
local function putList(values)
  local length, at, sum = #values, texts, size
  put(tostring(length))
  for n = 1, length do
    local value = values[n]
    packed[at + 1 + n] = value
    sum = sum + #value
  end
  texts, size = at + 1 + length, sum
end

-- What other jobs have to do with it is of no use where it lies in another slot or is of another kind.
local function text(reply)
  return type(reply) == 'string' and reply or nil
end

local function whole(key, flat)
  local more = {}
  local function add(name, values)
    if #values > 0 then
      more[#more + 1] = { name, values }
    end
  end
  if call('EXISTS', key .. ':logs', key .. ':dependencies', key .. ':processed', key .. ':failed', key .. ':unsuccessful') > 0 then
    add('logs', call('LRANGE', key .. ':logs', 0, -1))
    add('dependencies', call('SMEMBERS', key .. ':dependencies'))
    add('processed', call('HGETALL', key .. ':processed'))
    add('failed', call('HGETALL', key .. ':failed'))
    add('unsuccessful', call('ZRANGE', key .. ':unsuccessful', 0, -1, 'WITHSCORES'))
  end
  for n = 1, #flat, 2 do
    if flat[n] == 'deid' then
      local dedup = base .. 'de:' .. flat[n + 1]
      add('owner', { text(redis.pcall('GET', dedup)) })
      add('window', { tostring(call('PTTL', dedup)) })
    elseif flat[n] == 'parentKey' and flat[n + 1] ~= '' then
      add('ignoredBy', { text(redis.pcall('HGET', flat[n + 1] .. ':failed', key)) })
      add('failedFor', { text(redis.pcall('ZSCORE', flat[n + 1] .. ':unsuccessful', key)) })
    end
  end
  return more
end

local function row(id, state, score)
  local key = base .. id
  local flat = call('HGETALL', key)
  put(id)
  put(tostring(state))
  put(score)
  put(state == ACTIVE and call('EXISTS', key .. ':lock') == 1 and '1' or '0')
  putList(flat)
  local more = #flat > 0 and whole(key, flat) or {}
  put(tostring(#more))
  for _, part in ipairs(more) do
    put(part[1])
    putList(part[2])
  end
  rows, lastId, lastScore = rows + 1, id, score
end

-- What is asked for together stands together mostly: around a job that was found the others are found without a search.
local near = { {}, {}, {} }
local function inList(number, id)
  local list = KEYS[number]
  local length = call('LLEN', list)
  if length > LONG or near[number][id] then
    return near[number][id]
  end
  local at = call('LPOS', list, id)
  spent = spent + (at or length)
  if at and length > limit then
    for _, other in ipairs(call('LRANGE', list, math.max(0, at - limit), at + limit)) do
      near[number][other] = true
    end
  end
  return at
end

-- Answers 0 for a hash that stands nowhere.
local function stateOf(id)
  for n = PRIORITIZED, 8 do
    local score = call('ZSCORE', KEYS[n], id)
    if score then
      return n, score
    end
  end
  if call('EXISTS', base .. id) == 0 then
    return 0, ''
  end
  for n = ACTIVE, PAUSED do
    if inList(n, id) then
      return n, ''
    end
  end
  local long = call('LLEN', KEYS[PAUSED]) > LONG and PAUSED or call('LLEN', KEYS[WAIT]) > LONG and WAIT
  return long or 0, ''
end

local function answer(before)
  return { before, rows, lastScore, lastId, cmsgpack.pack(packed) }
end

if kind == 'ids' then
  for n = FIRST, #ARGV do
    if size > bytes or spent > BUDGET then
      break
    end
    row(ARGV[n], stateOf(ARGV[n]))
  end
  return answer('0')
end

local key = KEYS[number]
if kind == 'list' then
  local seen = seenOf(key, tonumber(ARGV[FIRST]))
  local ids = call('LRANGE', key, -(seen + limit), -(seen + 1))
  for n = #ids, 1, -1 do
    if size > bytes then
      break
    end
    row(ids[n], number, '')
  end
  return answer(tostring(seen))
end

local start = ARGV[FIRST] == '' and 0 or rankAfter(key, ARGV[FIRST], ARGV[FIRST + 1])
local found = call('ZRANGE', key, start, start + limit - 1, 'WITHSCORES')
local highest = tonumber(ARGV[FIRST + 2])
for n = 1, #found, 2 do
  if size > bytes or tonumber(found[n + 1]) > highest then
    break
  end
  row(found[n], number, found[n + 1])
end
return answer(tostring(start))
