-- Records the outcome of a permit.
-- KEYS[1]: the hash of the credential. ARGV[1]: JSON {id, slotUs, kind, sentUs, trouble?: {scope, cause, image, jitter}}.
-- Returns {gate, limit, margin, whether the failure belongs to a known outage, run of the outage, events...}.
-- The equal of settle in model.ts.
--- @include "state"
--- @include "gate"
--- @include "breaker"
--- @include "adaptation"

local settings = cjson.decode(ARGV[1])
local id, kind = settings.id, settings.kind
local now = serverNow(settings)
local state = load(KEYS[1])
if not state then return {} end

local function again()
  state.gateProbeUs = now + rules.probeAgainUs
  endProbe(state)
end

local function refused(probed)
  count(state, settings.slotUs, 'refused', 1)
  tickMinute(state, now)
  state.minuteRefused = state.minuteRefused + 1
  local at = slotAt(state, id)
  if at then redis.call('ZADD', refusedSlots(state), whole(at), whole(id)) end
  if probed then
    state.gateProbeUs = now + (rules.probeEveryUs[state.gate] or rules.probeDefaultUs)
    endProbe(state)
    return {}
  end
  local events, margin = {}, state.marginUs
  if onRefused(state, id, rules, now) then
    events[#events + 1] = 'rate_fell'
  elseif state.marginUs > margin then
    events[#events + 1] = 'margin_rose'
  end
  if state.gate == '' and isAccountFault(state, rules, now) then
    close(state, rules, now, 'account_fault', 0, MACHINE)
    events[#events + 1] = 'gate_closed'
  end
  return events
end

local function answered(probed)
  endTroubles(state)
  if not probed then return {} end
  if state.gate ~= OUTAGE then
    again()
    return {}
  end
  easeIn(state, rules, now)
  return open(state, now, 'probe') and { 'gate_opened' } or {}
end

local probed = state.probeId > 0 and state.probeId == id

local function apply()
  if settings.sentUs > 0 then moveLate(state, id, settings.sentUs) end
  if kind == 'unsent' then
    if giveBack(state, id, now) or probed then count(state, settings.slotUs, 'calls', -1) end
    if probed then again() end
    return {}
  elseif kind == 'accepted' then
    count(state, settings.slotUs, 'accepted', 1)
    onAccepted(state, rules)
    endTroubles(state)
    if probed then easeIn(state, rules, now) end
    if probed and open(state, now, 'probe') then return { 'gate_opened' } end
    return {}
  elseif kind == 'failed' or kind == 'answered' then
    count(state, settings.slotUs, 'failed', 1)
    if kind == 'answered' then return answered(probed) end
    if probed then again() end
    return {}
  end
  count(state, settings.slotUs, 'calls', -1)
  if kind == 'refused_qps' then return refused(probed) end
  if settings.slotUs <= state.openedAtUs then return {} end
  if probed then endProbe(state) end
  local untilUs = kind == 'daily_quota' and nextShanghaiMidnight(now) or 0
  if close(state, rules, now, kind, untilUs, MACHINE) then return { 'gate_closed' } end
  return {}
end

local events = apply()
local held, run = '0', 0
if settings.trouble then
  local opened
  held, run, opened = onTrouble(state, rules, now, settings.slotUs, settings.trouble, probed)
  if opened then events = { 'gate_closed' } end
end
save(state)
return { state.gate, whole(state.limit), whole(state.marginUs), held, whole(run), unpack(events) }
