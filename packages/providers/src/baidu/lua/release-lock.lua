-- Deletes a lock if this owner still holds it: another worker may have taken it after it expired.
-- KEYS[1]: the lock. ARGV[1]: the owner's random value. Returns the number of deleted keys.

if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
