-- Reads a credential's fields, its usage of one day and of all days, and the slots that decide. Writes nothing.
-- KEYS[1]: the hash of the credential. ARGV[1]: JSON {day}; 0 means today.
-- Returns {now, fields, usage of the day, total usage, last slot, N-th last slot}.
--- @include "state"

local settings = cjson.decode(ARGV[1])
local now = serverNow(settings)
local day = settings.day
if day == 0 then day = shanghaiDay(now) end
local state = load(KEYS[1])
local last, nth = 0, 0
if state then
  last = nthLast(state, 1) or 0
  nth = nthLast(state, state.limit) or 0
end
local key = KEYS[1]
return {
  whole(now), redis.call('HGETALL', key), redis.call('HGETALL', key .. ':usage:' .. whole(day)),
  redis.call('HGETALL', key .. ':usage:total'), whole(last), whole(nth),
}
