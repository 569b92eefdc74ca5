-- Lets go of jobs held under this mark. KEYS: held. ARGV: the mark, then the ids.
for n = 2, #ARGV do
  local held = redis.call('HGET', KEYS[1], ARGV[n])
  if held and string.sub(held, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then
    redis.call('HDEL', KEYS[1], ARGV[n])
  end
end
return 1
