-- Gives each job its priority. A job that the queue knows keeps its own.
-- KEYS: state. ARGV[1]: the queue's key prefix. ARGV[2]: JSON [[class, tenant, cost, calls, id], ...].
-- Returns {1 when an axis must be moved or 0, priorities...}.
--- @include "shares"

local answer, moving = {0}, field('interactive:move') + field('bulk:move') > 0
local average = field('average')
for index, card in ipairs(cjson.decode(ARGV[2])) do
  local class, tenant, cost, calls, id = card[1], card[2], card[3], card[4], card[5]
  local known = redis.call('HGET', ARGV[1] .. id, 'priority')
  if known then
    answer[index + 1] = tonumber(known)
  else
    local v = field(class .. ':v')
    local last = tonumber(redis.call('HGET', finishKey(class), tenant) or '0')
    local at = math.max(last, v) + cost
    redis.call('HSET', finishKey(class), tenant, exact(at))
    answer[index + 1] = BAND[class] + math.min(SPAN - 1, math.floor(at))
    if average == 0 then average = calls else average = average + (calls - average) / 50 end
    if v >= MOVE_AT then moving = true end
  end
end
redis.call('HSET', state, 'average', exact(average))
if moving then answer[1] = 1 end
return answer
