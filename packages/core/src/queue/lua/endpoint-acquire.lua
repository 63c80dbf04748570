-- Asks for a slot of an endpoint.
-- ARGV: now, id, late (1/0), whether a late slot is free (1/0), starts per second (0: no limit).
-- Returns {'go' | 'until' | 'wait', number, id to promote, late}. The number is for go: when to promote that id (0: at
-- once); for until: when to ask again; for wait: the position in the queue.
--- @include "endpoint-state"

local late = ARGV[3] == '1' or streak >= 3
local room = ARGV[4] == '1'
local rate = tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local mine = redis.call('ZSCORE', KEYS[2], id)
if not mine then
  local untilMs = math.max(held, paused)
  if rate > 0 then untilMs = math.max(untilMs, nextAt) end
  local full = redis.call('ZCARD', KEYS[2]) >= math.floor(cap)
  if untilMs > now or full then
    local wake = ''
    if late and room then wake = popLate() end
    if untilMs > now and probe <= now then
      redis.call('HSET', KEYS[1], 'probe', untilMs)
      redis.call('ZREM', KEYS[3], id)
      keep()
      return {'until', untilMs, wake, 0}
    end
    local score = now
    if ARGV[3] == '1' then score = now + 86400000 end
    redis.call('ZADD', KEYS[3], 'NX', score, id)
    keep()
    return {'wait', redis.call('ZRANK', KEYS[3], id), wake, 0}
  end
  if late and not room then
    redis.call('ZADD', KEYS[4], 'NX', now, id)
    redis.call('PEXPIRE', KEYS[4], limits.forgetAfterMs)
    return {'wait', redis.call('ZRANK', KEYS[4], id), '', 0}
  end
end
redis.call('ZADD', KEYS[2], now + limits.leaseMs, id)
redis.call('ZREM', KEYS[3], id)
redis.call('ZREM', KEYS[4], id)
local wake, wakeAt = '', 0
if rate > 0 then
  wakeAt = math.max(now, nextAt) + math.ceil(1000 / rate)
  redis.call('HSET', KEYS[1], 'next', wakeAt)
  wake = redis.call('ZPOPMIN', KEYS[3])[1] or ''
  if wake ~= '' then redis.call('HSET', KEYS[1], 'probe', wakeAt) end
end
keep()
return {'go', wakeAt, wake, late and 1 or 0}
