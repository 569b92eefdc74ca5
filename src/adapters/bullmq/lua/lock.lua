-- The lock of one run on one queue. KEYS: the lock. ARGV: what to do, who we are, milliseconds, and for `take` a holder known
-- to be gone. Answers 1, or who has it.
local call = redis.call
local holder = call('GET', KEYS[1])
if ARGV[1] == 'take' then
  if holder and holder ~= ARGV[4] then
    return holder
  end
  call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
if holder ~= ARGV[2] then
  return holder or ''
end
if ARGV[1] == 'renew' then
  call('PEXPIRE', KEYS[1], ARGV[3])
else
  call('DEL', KEYS[1])
end
return 1
