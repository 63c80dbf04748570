-- A credential's state as a Lua table, its sorted sets and its calendar. The equal of state.ts and schedule.ts:
-- a property test runs both on the same random histories.
-- The loader defines `rules` in front of it (rules.ts). KEYS[i] is the hash of a credential. Its other keys are
-- that name with a suffix, in the same hash slot.
--- @constants rules

local TEXT = { run = true, gate = true, gateBy = true, gateCause = true, troubleImage = true, outageRuns = true }
local OUTAGE = 'provider_outage'

local function whole(value) return string.format('%.0f', value) end
local function text(value) if type(value) == 'number' then return whole(value) end return value end

local function serverNow(settings)
  if settings.testNow then return settings.testNow end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- A restart may have lost the last second of writes. The run id shows it. Without the right to read it, a restart goes unnoticed.
local function serverRun(settings)
  if settings.testRun then return settings.testRun end
  local info = redis.pcall('INFO', 'server')
  if type(info) ~= 'string' then return 'unknown' end
  return string.match(info, 'run_id:(%x+)') or 'unknown'
end

local function load(key)
  local flat = redis.call('HGETALL', key)
  if #flat == 0 then return nil end
  local state, old = { key = key }, {}
  for i = 1, #flat, 2 do
    local name, value = flat[i], flat[i + 1]
    old[name] = value
    if TEXT[name] then state[name] = value else state[name] = tonumber(value) end
  end
  -- A state that an earlier version left behind.
  state.streakMarginUs = state.streakMarginUs or state.marginUs
  for _, name in ipairs({ 'gateCause', 'troubleImage', 'outageRuns' }) do state[name] = state[name] or '' end
  for _, name in ipairs({ 'troubleRow', 'troubleWide', 'troubleImages', 'troubleRun', 'outageRun', 'outageProbes' }) do
    state[name] = state[name] or 0
  end
  state.old = old
  return state
end

local function save(state)
  local changed = {}
  for name, value in pairs(state) do
    if name ~= 'key' and name ~= 'old' then
      local now = text(value)
      if state.old[name] ~= now then
        changed[#changed + 1] = name
        changed[#changed + 1] = now
      end
    end
  end
  if #changed > 0 then redis.call('HSET', state.key, unpack(changed)) end
end

local function slots(state) return state.key .. ':slots' end
local function free(state) return state.key .. ':free' end
local function refusedSlots(state) return state.key .. ':refused' end
local function usageKey(state, day) return state.key .. ':usage:' .. day end

local function shanghaiDay(now) return math.floor((now + 28800000000) / 86400000000) end
local function nextShanghaiMidnight(now) return (shanghaiDay(now) + 1) * 86400000000 - 28800000000 end

local function window(state, rules) return (rules.secondUs + state.marginUs) * math.max(1, state.slow) end

local function spacing(state, rules, now)
  local rest = math.max(0, state.bornUs + rules.settlingUs - now)
  local extra = 0
  if rest > 0 then extra = math.floor(rules.settlingMarginUs * rest / rules.settlingUs) end
  return window(state, rules) + extra * math.max(1, state.slow)
end

local function slotAt(state, id) return tonumber(redis.call('ZSCORE', slots(state), whole(id)) or nil) end

local function nthLast(state, n)
  local found = redis.call('ZREVRANGE', slots(state), n - 1, n - 1, 'WITHSCORES')
  if #found == 0 then return nil end
  return tonumber(found[2])
end

-- After memory was lost: a full second may just have been used, and a horizon of permits may be out, used late.
local function heldUntil(state, rules, now)
  return now + rules.horizonUs + rules.permitTtlUs + window(state, rules)
end

local function fresh(key, credential, rules, now, run)
  local hinted = credential.hintLimit > 0
  local limit = credential.qps
  if hinted then limit = credential.hintLimit end
  if rules.probeUp ~= 1 then limit = math.min(limit, credential.qps) end
  local state = {
    key = key, old = {}, bornUs = now, nominal = credential.qps, limit = limit, marginUs = rules.initialMarginUs, slow = 1,
    holdUs = 0, sequence = 0, run = run, ceiling = 0, climbAtUs = 0, climbFrom = 0, step = 1, failures = 0,
    nextClimbUs = now + rules.retryUs[1], fallAtUs = 0, fallFloor = 0, fallTop = 0, loneAtUs = 0, streak = 0, streakMarginUs = 0,
    refusedSinceUs = 0,
    refusedAtUs = 0, refusedRow = 0, minute = 0, minuteRefused = 0, lastMinuteRefused = 0, gate = '', gateBy = '',
    gateSinceUs = 0, gateUntilUs = 0, gateProbeUs = 0, openedAtUs = 0, probeId = 0, probeUntilUs = 0, gateCause = '',
    troubleRow = 0, troubleWide = 0, troubleImage = '', troubleImages = 0, troubleRun = 0, outageRun = 0, outageRuns = '',
    outageProbes = 0,
  }
  if hinted then state.marginUs = credential.hintMarginUs end
  state.holdUs = heldUntil(state, rules, now)
  return state
end

local function wasSmallFall(state)
  return state.failures == 0 and (state.fallTop - state.limit) * 5 <= state.fallTop
end

local function adoptNominal(state, qps)
  state.nominal, state.limit, state.slow, state.ceiling, state.step, state.failures = qps, qps, 1, 0, 1, 0
end

local function refresh(key, credential, rules, now, run)
  local state = load(key)
  if not state then
    redis.call('DEL', key .. ':slots', key .. ':free', key .. ':refused')
    return fresh(key, credential, rules, now, run)
  end
  local restarted = state.run ~= run
  local clockSetBack = (nthLast(state, 1) or 0) > now + rules.horizonUs + rules.secondUs
  if state.nominal ~= credential.qps then adoptNominal(state, credential.qps) end
  if clockSetBack then redis.call('DEL', slots(state), free(state), refusedSlots(state)) end
  if restarted or clockSetBack then
    state.run = run
    state.bornUs = now
    state.holdUs = heldUntil(state, rules, now)
  end
  local passed = redis.call('ZRANGEBYSCORE', free(state), '-inf', '(' .. whole(now))
  if #passed > 0 then
    redis.call('ZREM', free(state), unpack(passed))
    redis.call('ZREM', slots(state), unpack(passed))
  end
  local old = '(' .. whole(now - rules.keepUs)
  redis.call('ZREMRANGEBYSCORE', slots(state), '-inf', old)
  redis.call('ZREMRANGEBYSCORE', refusedSlots(state), '-inf', old)
  return state
end

local function count(state, at, field, by)
  for _, day in ipairs({ whole(shanghaiDay(at)), 'total' }) do
    local key = usageKey(state, day)
    local used = tonumber(redis.call('HGET', key, field) or '0')
    if used + by >= 0 then
      redis.call('HSET', key, field, whole(used + by))
      if day ~= 'total' then redis.call('EXPIRE', key, 8640000) end
    end
  end
end
