-- Returns how many jobs would come before one more job of this tenant.
-- KEYS: state, prioritized. ARGV: class, tenant, cost.
--- @include "shares"

local class = ARGV[1]
local last = tonumber(redis.call('HGET', finishKey(class), ARGV[2]) or '0')
local at = math.max(last, field(class .. ':v')) + tonumber(ARGV[3])
local priority = BAND[class] + math.min(SPAN - 1, math.floor(at))
return redis.call('ZCOUNT', KEYS[2], '-inf', '(' .. exact((priority + 1) * SCORE))
