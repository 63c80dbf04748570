-- Records that a job started, and publishes it.
-- KEYS: state, the job's hash, prioritized. ARGV: nothing, or a channel and a message.
--- @include "shares"

if ARGV[1] then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
local priority = tonumber(redis.call('HGET', KEYS[2], 'priority') or '0')
if priority <= EXPRESS then return 0 end
local class = classOf(priority)
local move = field(class .. ':move')
if move > 0 and priority - BAND[class] > move then
  priority = priority - move
  redis.call('HSET', KEYS[2], 'priority', exact(priority))
end
redis.call('HSET', state, class .. ':v', exact(math.max(field(class .. ':v'), priority - BAND[class])))
local run = 0
if class == 'interactive' then
  local front = redis.call('ZRANGEBYSCORE', KEYS[3], exact(BAND.bulk * SCORE), '+inf', 'LIMIT', 0, 1)
  if #front > 0 then run = field('run') + 1 end
  if run >= RUN then
    run = 0
    redis.call('ZADD', KEYS[3], 'XX', exact(EXPRESS * SCORE), front[1])
  end
end
redis.call('HSET', state, 'run', run)
return 0
