-- The state of one endpoint's concurrency limit. The loader defines `limits` in front of it
-- (endpoint-limit-rules.ts). Time is an argument, so that a test can let an hour pass.
-- KEYS: state (hash), running (leases), waiting (queue), late (queue of deliveries without a late slot).
-- ARGV[1]: now, epoch milliseconds. ARGV[2]: id of the delivery.
--- @constants limits

local now = tonumber(ARGV[1])
local id = ARGV[2]
local h = redis.call('HMGET', KEYS[1], 'cap', 'held', 'paused', 'probe', 'next', 'streak', 'first')
local cap = tonumber(h[1] or limits.startCap)
local held, paused = tonumber(h[2] or 0), tonumber(h[3] or 0)
local probe, nextAt = tonumber(h[4] or 0), tonumber(h[5] or 0)
local streak, first = tonumber(h[6] or 0), tonumber(h[7] or 0)
local function keep()
  redis.call('PEXPIRE', KEYS[1], limits.forgetAfterMs)
  redis.call('PEXPIRE', KEYS[2], limits.forgetAfterMs)
  redis.call('PEXPIRE', KEYS[3], limits.forgetAfterMs)
end
local function popLate()
  local popped = redis.call('ZPOPMIN', KEYS[4])
  return popped[1] or ''
end
