-- The gate of a credential: closed, probing or open. The equal of gate.ts.

local MACHINE = 'machine'

local function allowance(state, credential, now)
  if credential.total > 0 then
    local used = tonumber(redis.call('HGET', usageKey(state, 'total'), 'calls') or '0')
    if used >= credential.total then return { verdict = 'closed', reason = 'total_allowance', nextUs = 0 } end
  end
  if credential.daily > 0 then
    local used = tonumber(redis.call('HGET', usageKey(state, whole(shanghaiDay(now))), 'calls') or '0')
    if used >= credential.daily then
      return { verdict = 'closed', reason = 'daily_allowance', nextUs = nextShanghaiMidnight(now) }
    end
  end
  return { verdict = 'open', reason = '', nextUs = now }
end

local function gateView(state, credential, now)
  if state.gate == '' then return allowance(state, credential, now) end
  if state.gateProbeUs == 0 then
    local ended = state.gateUntilUs > 0 and now >= state.gateUntilUs
    return { verdict = ended and 'open' or 'closed', reason = state.gate, nextUs = state.gateUntilUs }
  end
  local nextUs = math.max(state.gateProbeUs, state.probeUntilUs)
  if now < nextUs then return { verdict = 'closed', reason = state.gate, nextUs = nextUs } end
  local left = allowance(state, credential, now)
  if left.verdict == 'closed' then return left end
  return { verdict = 'probe', reason = state.gate, nextUs = nextUs }
end

local function endProbe(state)
  state.probeId = 0
  state.probeUntilUs = 0
end

-- 0 is the latest end of all.
local function laterEnd(a, b)
  if a == 0 or b == 0 then return 0 end
  return math.max(a, b)
end

local function close(state, rules, now, reason, untilUs, by)
  local machine = by == MACHINE
  local wasOpen = state.gate == '' or (state.gate == OUTAGE and reason ~= OUTAGE)
  if machine and not wasOpen and reason == OUTAGE then return false end
  if machine and not wasOpen then
    local longer = laterEnd(state.gateUntilUs, untilUs) ~= state.gateUntilUs
    if state.gateProbeUs == 0 or (state.gate ~= reason and not longer) then return false end
  end
  if wasOpen or state.gate ~= reason then state.gateSinceUs = now end
  if machine and not wasOpen then untilUs = laterEnd(state.gateUntilUs, untilUs) end
  state.gateUntilUs = untilUs
  state.gate = reason
  state.gateBy = by
  state.gateCause = ''
  state.gateProbeUs = 0
  if machine then
    state.gateProbeUs = now + (rules.probeEveryUs[reason] or rules.probeDefaultUs)
    if untilUs > 0 then state.gateProbeUs = math.min(state.gateProbeUs, untilUs) end
  end
  if wasOpen or not machine then endProbe(state) end
  if wasOpen then state.outageProbes = 0 end
  return wasOpen
end

local function putBack(state, rules, now, reason, untilUs, by)
  local byPerson = by ~= MACHINE
  if byPerson and untilUs > 0 and untilUs <= now then return false end
  local openedSince = state.openedAtUs > 0 and state.openedAtUs >= state.bornUs
  if state.gate == '' then return not openedSince and close(state, rules, now, reason, untilUs, by) end
  if state.gateProbeUs == 0 then return false end
  if not byPerson or laterEnd(state.gateUntilUs, untilUs) == untilUs then
    return close(state, rules, now, reason, untilUs, by)
  end
  state.gateProbeUs = math.max(state.gateProbeUs, untilUs)
  return false
end

local function restore(state, rules, now, reason, untilUs, by, cause, sinceUs)
  local changed = putBack(state, rules, now, reason, untilUs, by)
  if changed and sinceUs > 0 then state.gateSinceUs = math.min(now, sinceUs) end
  if changed then state.gateCause = cause end
  return changed
end

local function endTroubles(state)
  state.troubleRow = 0
  state.troubleWide = 0
  state.troubleImage = ''
  state.troubleImages = 0
end

local function open(state, now, by)
  if state.gate == '' then return false end
  state.gate = ''
  state.gateBy = by
  state.gateCause = ''
  state.gateSinceUs = now
  state.gateUntilUs = 0
  state.gateProbeUs = 0
  state.openedAtUs = now
  endProbe(state)
  state.refusedSinceUs = 0
  state.refusedRow = 0
  endTroubles(state)
  return true
end

local function openByPerson(state, now, by)
  if open(state, now, by) then return true end
  state.openedAtUs = now
  return false
end
