-- Gives dead jobs that lie in a queue of their own another payload, each its own: what `changed` wants, then the payload. There
-- they wait or have failed.
local told, done, given = { 'ok' }, {}, {}
local EACH = PRINT + 1
begin()
for n = FIRST_KEY, #KEYS do
  local at = FIRST + (n - FIRST_KEY) * EACH
  local id, key, state = ARGV[at], KEYS[n], tonumber(ARGV[at + 1])
  local lies = STATES[state] == FAILED or (state >= 1 and state <= LISTS and STATES[state] ~= ACTIVE)
  local answer = answered(function()
    local answer = changed(key, at, true)
    if answer or not lies or not stands(at) then
      return answer or 'moved'
    end
    return call('EXISTS', key .. ':lock') == 1 and 'locked' or 'done'
  end)
  if answer == 'done' then
    call('HSET', key, 'data', ARGV[at + PRINT])
    done[#done + 1] = id
  end
  told[#told + 1] = answer
  given[#given + 1] = id
end
finish(done, given)
return told
