-- Reads the state of the queue. Writes nothing.
-- KEYS: state, prioritized, delayed, active. ARGV: queue id of a job, or ''.
-- Returns {interactive jobs waiting, all waiting, active, average calls per job, rank of the job or -1, due time or 0}.
--- @include "shares"

local low, high = exact(BAND.interactive * SCORE), '(' .. exact(BAND.bulk * SCORE)
local rank, due = -1, 0
if ARGV[1] ~= '' then
  rank = redis.call('ZRANK', KEYS[2], ARGV[1]) or -1
  if rank == -1 then due = math.floor(tonumber(redis.call('ZSCORE', KEYS[3], ARGV[1]) or '0') / 4096) end
end
return { redis.call('ZCOUNT', KEYS[2], low, high), redis.call('ZCARD', KEYS[2]), redis.call('LLEN', KEYS[4]),
  redis.call('HGET', state, 'average') or '1', rank, exact(due) }
