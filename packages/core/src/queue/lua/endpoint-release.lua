-- Gives a slot back with the outcome of the attempt.
-- ARGV: now, id, outcome, held until (0: not held), ran late and may pass its slot on (1/0), limited by a rate (1/0).
-- Returns {failure streak, first failure of the streak, paused until, held until, when to promote, late id to promote at
-- once, ids...}.
--- @include "endpoint-state"

local outcome = ARGV[3]
held = math.max(held, tonumber(ARGV[4]))
redis.call('ZREM', KEYS[2], id)
if outcome == 'ok' then
  if cap < limits.startCap then cap = cap + 1 else cap = math.min(limits.maxCap, cap + 1 / (limits.slowGrowth * cap)) end
  streak, first, paused = 0, 0, 0
elseif outcome ~= 'none' then
  if streak == 0 then first = now end
  streak = streak + 1
  if outcome == 'throttle' then cap = math.max(1, cap / 2) end
  if streak >= limits.probeAfter then
    cap = 1
    paused = now + math.min(limits.longestPauseMs, limits.firstPauseMs * 2 ^ math.min(streak - limits.probeAfter, 20))
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
