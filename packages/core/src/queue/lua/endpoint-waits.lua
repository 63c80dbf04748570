-- Returns 1 while the id waits in one of the queues. A promotion removes it.
-- KEYS: as in endpoint-state.lua. ARGV: now, id.

return (redis.call('ZSCORE', KEYS[3], ARGV[2]) or redis.call('ZSCORE', KEYS[4], ARGV[2])) and 1 or 0
