/** Reads, never writes: a credential's fields, the usage of a day and of all days, and the slots that decide. */
import { STATE_LUA } from './state.ts';

/** ARGV[1]: `{day}` (0 for today). Answers now, fields, usage of the day, total usage, last slot and N-th last slot. */
export const LOOK_LUA = `${STATE_LUA}
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
`;

/** ARGV: field, value, … Counts only ever rise, so that restoring twice, or late, does no harm. KEYS[1]: a usage key. */
export const RESTORE_LUA = `
for i = 1, #ARGV, 2 do
  local used = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0')
  if tonumber(ARGV[i + 1]) > used then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
return 1
`;
