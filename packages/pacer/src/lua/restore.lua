-- Restores usage counts. Counts only rise, so a second or late restore does no harm.
-- KEYS[1]: a usage key. ARGV: field, value, ...

for i = 1, #ARGV, 2 do
  local used = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0')
  if tonumber(ARGV[i + 1]) > used then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
return 1
