/**
 * A call that leaves late moves its slot, before whoever reserves next counts from it. A script of its own, because a
 * busy process asks for it with every call: it reads one field and one slot. The twin of `moveLate` in `schedule.ts`.
 * KEYS[1] is a credential's hash; ARGV: the permit's id, and when the call left in microseconds of Redis' clock.
 */
export const LATE_LUA = `
local margin = tonumber(redis.call('HGET', KEYS[1], 'marginUs') or nil)
if not margin then return 0 end
local slots = KEYS[1] .. ':slots'
local at = tonumber(redis.call('ZSCORE', slots, ARGV[1]) or nil)
local to = tonumber(ARGV[2]) - math.floor(margin / 2)
if at and to > at then redis.call('ZADD', slots, 'XX', string.format('%.0f', to), ARGV[1]) end
return 1
`;
