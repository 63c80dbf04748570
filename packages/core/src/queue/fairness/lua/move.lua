-- Moves the axis of one class a little at a time. Jobs that are not moved yet come after the moved ones.
-- KEYS: state, prioritized, delayed, active. ARGV: the queue's key prefix, jobs to move at most, seconds to wait for late
-- jobs: placed before the move, added after it.
-- Returns 1 while there is more, 2 while only late jobs may come, 0 at the end.
--- @include "shares"

local limit = tonumber(ARGV[2])
local now = tonumber(redis.call('TIME')[1])
local function shift(id, class, by)
  local key = ARGV[1] .. id
  local priority = tonumber(redis.call('HGET', key, 'priority') or '0')
  if priority > EXPRESS and classOf(priority) == class and priority - BAND[class] >= by then
    redis.call('HSET', key, 'priority', exact(priority - by))
  end
end
local function rest(class, by)
  for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do shift(id, class, by) end
  for _, id in ipairs(redis.call('LRANGE', KEYS[4], 0, -1)) do shift(id, class, by) end
end
-- A job that started before the move, or returned in front of it, belongs to the front of the moved axis.
local function forward(class, by)
  local low, high = BAND[class] * SCORE, (BAND[class] + by + 1) * SCORE
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], exact(low), '(' .. exact(high))) do
    redis.call('HSET', ARGV[1] .. id, 'priority', BAND[class])
    redis.call('ZADD', KEYS[2], 'XX', exact(low), id)
  end
  local function early(id)
    local key = ARGV[1] .. id
    local priority = tonumber(redis.call('HGET', key, 'priority') or '0')
    if priority > EXPRESS and classOf(priority) == class and priority - BAND[class] <= by then
      redis.call('HSET', key, 'priority', BAND[class])
    end
  end
  for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do early(id) end
  for _, id in ipairs(redis.call('LRANGE', KEYS[4], 0, -1)) do early(id) end
end
local function begin(class)
  local v = field(class .. ':v')
  if v < MOVE_AT then return false end
  local by = v - 1
  forward(class, by)
  rest(class, by)
  local flat = redis.call('HGETALL', finishKey(class))
  for i = 1, #flat, 2 do
    local at = tonumber(flat[i + 1]) - by
    if at > v - by then redis.call('HSET', finishKey(class), flat[i], exact(at))
    else redis.call('HDEL', finishKey(class), flat[i]) end
  end
  redis.call('HSET', state, class .. ':v', exact(v - by), class .. ':move', exact(by), class .. ':since', now)
  return true
end
local function go(class, by)
  local low, high = (BAND[class] + by + 1) * SCORE, (BAND[class] + SPAN) * SCORE
  local some = redis.call('ZRANGEBYSCORE', KEYS[2], exact(low), '(' .. exact(high), 'WITHSCORES', 'LIMIT', 0, limit)
  for i = 1, #some, 2 do
    local score = tonumber(some[i + 1])
    redis.call('ZADD', KEYS[2], 'XX', exact(score - by * SCORE), some[i])
    redis.call('HSET', ARGV[1] .. some[i], 'priority', exact(math.floor(score / SCORE) - by))
  end
  if #some > 0 then return 1 end
  rest(class, by)
  if now - field(class .. ':since') < tonumber(ARGV[3]) then return 2 end
  redis.call('HDEL', state, class .. ':move', class .. ':since')
  return 1
end
for _, class in ipairs({ 'interactive', 'bulk' }) do
  local by = field(class .. ':move')
  if by > 0 then return go(class, by) end
  if begin(class) then return 1 end
end
return 0
