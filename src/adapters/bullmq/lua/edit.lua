-- Gives dead jobs another payload. OPTION: the payload.
local told, done, given = { 'ok' }, {}, {}
begin()
for n = FIRST_KEY, #KEYS do
  local at = FIRST + (n - FIRST_KEY) * PRINT
  local id, key = ARGV[at], KEYS[n]
  local dead = STATES[tonumber(ARGV[at + 1])] == FAILED
  local answer = answered(function()
    return changed(key, at, true) or ((not dead or not stands(at)) and 'moved') or 'done'
  end)
  if answer == 'done' then
    call('HSET', key, 'data', OPTION)
    done[#done + 1] = id
  end
  told[#told + 1] = answer
  given[#given + 1] = id
end
finish(done, given)
return told
