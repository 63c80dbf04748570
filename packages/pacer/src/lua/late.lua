-- Moves the slot of a call that left late, before the next reservation counts from it. A separate script because
-- a busy process runs it with every call: it reads one field and one slot. The equal of moveLate in schedule.ts.
-- KEYS[1]: the hash of the credential. ARGV: id of the permit, departure in microseconds of Redis's clock.

local margin = tonumber(redis.call('HGET', KEYS[1], 'marginUs') or nil)
if not margin then return 0 end
local slots = KEYS[1] .. ':slots'
local at = tonumber(redis.call('ZSCORE', slots, ARGV[1]) or nil)
local to = tonumber(ARGV[2]) - math.floor(margin / 2)
if at and to > at then redis.call('ZADD', slots, 'XX', string.format('%.0f', to), ARGV[1]) end
return 1
