/**
 * The Lua of the lanes. Every script is one decision over one endpoint's keys; time is an argument, so that a test can
 * let an hour pass. Keys: state (hash), running (leases), waiting (line), late (the line of those without a late slot).
 */
import {
  FIRST_PAUSE_MS,
  FORGET_AFTER_MS,
  LEASE_MS,
  LONGEST_PAUSE_MS,
  MAX_CAP,
  PROBE_AFTER,
  SLOW_GROWTH,
  START_CAP,
} from './endpoint-limit-rules.ts';

const STATE_LUA = `
local now = tonumber(ARGV[1])
local id = ARGV[2]
local h = redis.call('HMGET', KEYS[1], 'cap', 'held', 'paused', 'probe', 'next', 'streak', 'first')
local cap = tonumber(h[1] or ${START_CAP})
local held, paused = tonumber(h[2] or 0), tonumber(h[3] or 0)
local probe, nextAt = tonumber(h[4] or 0), tonumber(h[5] or 0)
local streak, first = tonumber(h[6] or 0), tonumber(h[7] or 0)
local function keep()
  redis.call('PEXPIRE', KEYS[1], ${FORGET_AFTER_MS})
  redis.call('PEXPIRE', KEYS[2], ${FORGET_AFTER_MS})
  redis.call('PEXPIRE', KEYS[3], ${FORGET_AFTER_MS})
end
local function popLate()
  local popped = redis.call('ZPOPMIN', KEYS[4])
  return popped[1] or ''
end
`;

/**
 * ARGV: now, id, late (1/0), room for a late one (1/0), starts a second (0: any).
 * Returns {verdict, number, id to wake, late}: `go` (number: when to wake that id, 0 = at once), `until` (number: when),
 * `wait` (number: the place in line).
 */
export const ACQUIRE_LUA = `${STATE_LUA}
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
    redis.call('PEXPIRE', KEYS[4], ${FORGET_AFTER_MS})
    return {'wait', redis.call('ZRANK', KEYS[4], id), '', 0}
  end
end
redis.call('ZADD', KEYS[2], now + ${LEASE_MS}, id)
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
`;

/**
 * ARGV: now, id, outcome, held until (0: not), ran late and may pass its slot on (1/0), paced by a rate (1/0).
 * Returns {streak, first failure of the streak, paused until, held until, when to wake, late id to wake at once, ids…}.
 */
export const RELEASE_LUA = `${STATE_LUA}
local outcome = ARGV[3]
held = math.max(held, tonumber(ARGV[4]))
redis.call('ZREM', KEYS[2], id)
if outcome == 'ok' then
  if cap < ${START_CAP} then cap = cap + 1 else cap = math.min(${MAX_CAP}, cap + 1 / (${SLOW_GROWTH} * cap)) end
  streak, first, paused = 0, 0, 0
elseif outcome ~= 'none' then
  if streak == 0 then first = now end
  streak = streak + 1
  if outcome == 'throttle' then cap = math.max(1, cap / 2) end
  if streak >= ${PROBE_AFTER} then
    cap = 1
    paused = now + math.min(${LONGEST_PAUSE_MS}, ${FIRST_PAUSE_MS} * 2 ^ math.min(streak - ${PROBE_AFTER}, 20))
  end
end
redis.call('HSET', KEYS[1], 'cap', tostring(cap), 'held', held, 'paused', paused, 'streak', streak, 'first', first)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local untilMs = math.max(held, paused)
local wakeAt, free = 0, 0
if untilMs <= now then
  free = math.floor(cap) - redis.call('ZCARD', KEYS[2])
  if ARGV[6] == '1' then free = math.min(free, 1) end
elseif probe <= now then
  wakeAt, free = untilMs, 1
end
local reply = {streak, first, paused, held, wakeAt, ARGV[5] == '1' and popLate() or ''}
if free > 0 then
  local popped = redis.call('ZPOPMIN', KEYS[3], free)
  for at = 1, #popped, 2 do reply[#reply + 1] = popped[at] end
  if wakeAt > 0 and popped[1] then redis.call('HSET', KEYS[1], 'probe', wakeAt) end
end
keep()
return reply
`;

/** ARGV: now, id. 1 when that id still waits in one of the lines; it lost its place if somebody woke it meanwhile. */
export const WAITS_LUA = `
return (redis.call('ZSCORE', KEYS[3], ARGV[2]) or redis.call('ZSCORE', KEYS[4], ARGV[2])) and 1 or 0
`;

/** ARGV: now, held until. For a Redis that forgot what the try records know. */
export const HOLD_LUA = `
local held = tonumber(redis.call('HGET', KEYS[1], 'held') or 0)
if tonumber(ARGV[2]) > held then redis.call('HSET', KEYS[1], 'held', ARGV[2]) end
redis.call('PEXPIRE', KEYS[1], ${FORGET_AFTER_MS})
return 1
`;
