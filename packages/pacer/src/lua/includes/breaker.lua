-- The circuit breaker: when failures close a gate, and how the rate returns. The equal of breaker.ts.

local function countTrouble(state, now, trouble)
  if state.troubleRow == 0 then state.troubleRun = now end
  state.troubleRow = state.troubleRow + 1
  if trouble.scope == 'provider' then state.troubleWide = state.troubleWide + 1 end
  if state.troubleImages == 0 then
    state.troubleImages = 1
    state.troubleImage = trouble.image
  elseif trouble.image ~= state.troubleImage then
    state.troubleImages = 2
  end
end

local function isOutage(state, rules)
  if state.troubleRow < rules.outageCalls then return false end
  return state.troubleWide >= rules.outageCalls or state.troubleImages >= 2
end

local function scheduleProbe(state, rules, now, jitter)
  local interval = rules.outageProbeUs[state.outageProbes + 1]
  state.gateProbeUs = now + math.floor(interval * (8000 + 4 * jitter) / 10000)
end

local function probeFailed(state, rules, now, jitter)
  state.outageProbes = math.min(#rules.outageProbeUs - 1, state.outageProbes + 1)
  scheduleProbe(state, rules, now, jitter)
  endProbe(state)
end

local function noteRun(runs, run)
  local known = { whole(run) }
  for one in string.gmatch(runs, '%d+') do
    if #known < 50 then known[#known + 1] = one end
  end
  return table.concat(known, ' ')
end

-- Returns held ('1' or '0'), the run, and whether the gate closed.
local function onTrouble(state, rules, now, slotUs, trouble, probed)
  if state.gate ~= '' then
    if probed then probeFailed(state, rules, now, trouble.jitter) end
    return '1', state.gate == OUTAGE and state.outageRun or 0, false
  end
  if slotUs <= state.openedAtUs then return state.outageRun > 0 and '1' or '0', state.outageRun, false end
  countTrouble(state, now, trouble)
  if not isOutage(state, rules) then return '0', state.troubleRun, false end
  close(state, rules, now, OUTAGE, 0, MACHINE)
  state.gateCause = trouble.cause
  state.outageRun = state.troubleRun
  state.outageRuns = noteRun(state.outageRuns, state.outageRun)
  scheduleProbe(state, rules, now, trouble.jitter)
  return '1', state.outageRun, true
end

local function easeIn(state, rules, now)
  if state.gate ~= OUTAGE then return end
  state.limit = math.max(1, math.ceil(state.limit / 4))
  state.ceiling = 0
  state.failures = 0
  state.step = state.limit
  state.climbFrom = state.limit
  state.climbAtUs = now
  state.nextClimbUs = now + rules.passUs
end
