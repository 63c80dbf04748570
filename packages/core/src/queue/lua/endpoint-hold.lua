-- Holds an endpoint, for a Redis that lost what the delivery records know.
-- KEYS: as in endpoint-state.lua. ARGV: now, held until.
--- @constants limits

local held = tonumber(redis.call('HGET', KEYS[1], 'held') or 0)
if tonumber(ARGV[2]) > held then redis.call('HSET', KEYS[1], 'held', ARGV[2]) end
redis.call('PEXPIRE', KEYS[1], limits.forgetAfterMs)
return 1
