-- Takes jobs away with all that belongs to them, each only if it is still what was saved. OPTION: 'cancel' leaves alone
-- whatever does not wait. What other jobs hang on stays: neither a parent nor a child is changed.
local told, done, given = { 'ok' }, {}, {}
local lists = {}

local function bars(id, key, state, more, fields)
  if call('EXISTS', key .. ':lock', key .. ':logs', key .. ':dependencies') > 0 then
    if call('EXISTS', key .. ':lock') == 1 then
      return 'locked'
    end
    if call('EXISTS', key .. ':dependencies') == 1 then
      return 'children:' .. call('SCARD', key .. ':dependencies')
    end
    if not more then
      return 'moved'
    end
  end
  if OPTION == 'cancel' and not (state >= 2 and state <= 5) then
    return 'moved'
  end
  local parent = fields[PARENT] and parentOf(key)
  if parent and strange(parent) then
    return 'foreign:' .. strange(parent)
  end
  if parent and (call('SISMEMBER', parent .. ':dependencies', key) == 1 or call('ZSCORE', parent .. ':unsuccessful', key)) then
    return 'parent:' .. parent
  end
  local scheduler = fields[SCHEDULER]
  if scheduler then
    local next = call('ZSCORE', REPEAT, scheduler)
    if next and id == 'repeat:' .. scheduler .. ':' .. next then
      return 'next-run:' .. scheduler
    end
  end
  local dedup = fields[DEDUP]
  if dedup and call('EXISTS', BASE .. 'dn:' .. dedup) == 1 and call('GET', BASE .. 'de:' .. dedup) == id then
    return 'follower:' .. dedup
  end
  return nil
end

local names = { 'active', 'wait', 'paused', 'prioritized', 'delayed', 'waiting-children', 'failed', 'completed' }

-- Of many the library tells only how many they were, as its own bulk call does: the stream keeps no more than its last ten thousand.
local MANY = 20
local each = #KEYS - FIRST_KEY < MANY
local keys, sets = {}, {}

local function remove(id, key, state, more, dedup)
  dropDedup(dedup, id)
  keys[#keys + 1] = key
  if more then
    for _, suffix in ipairs({ ':logs', ':dependencies', ':processed', ':failed', ':unsuccessful' }) do
      keys[#keys + 1] = key .. suffix
    end
  end
  if STATES[state] == ACTIVE then
    call('SREM', STALLED, id)
  end
  if each then
    event('removed', id, 'prev', names[state])
  end
  done[#done + 1] = id
end

-- In one go for all: nothing of it can fail half-way.
local function sweep()
  for state, ids in pairs(sets) do
    call('ZREM', STATES[state], unpack(ids))
  end
  for from = 1, #keys, 5000 do
    call('DEL', unpack(keys, from, math.min(#keys, from + 4999)))
  end
  if not each and #done > 0 then
    redis.pcall('XADD', EVENTS, 'MAXLEN', '~', meta[3] or 10000, '*', 'event', 'cleaned', 'count', #done)
  end
end

local function barred(id, key, at, state, more)
  local why, fields = changed(key, at, true)
  return why or bars(id, key, state, more, fields) or 'done', fields
end

begin()
for n = FIRST_KEY, #KEYS do
  local at = FIRST + (n - FIRST_KEY) * PRINT
  local id, key, state, more = ARGV[at], KEYS[n], tonumber(ARGV[at + 1]), hasMore(at)
  local answer, fields = answered(barred, id, key, at, state, more)
  if answer == 'done' and state <= LISTS then
    lists[state] = lists[state] or {}
    table.insert(lists[state], { id = id, key = key, place = #told + 1, more = more, dedup = fields[DEDUP] })
  elseif answer == 'done' and stands(at) then
    sets[state] = sets[state] or {}
    table.insert(sets[state], id)
    remove(id, key, state, more, fields[DEDUP])
  elseif answer == 'done' then
    answer = 'moved'
  end
  told[#told + 1] = answer
  given[#given + 1] = id
end
takeAll(lists, STATES, 'right', told, function(job, state)
  remove(job.id, job.key, state, job.more, job.dedup)
end)
sweep()
finish(done, given)
return told
