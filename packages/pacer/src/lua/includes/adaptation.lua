-- How a credential's rate and margin follow refusals and accepted calls. The equal of adaptation.ts.

local function dropFree(state)
  local given = redis.call('ZRANGE', free(state), 0, -1)
  if #given > 0 then redis.call('ZREM', slots(state), unpack(given)) end
  redis.call('DEL', free(state))
end

local function moveLate(state, id, sent)
  local at = slotAt(state, id)
  local to = sent - math.floor(state.marginUs / 2)
  if at and to > at then redis.call('ZADD', slots(state), 'XX', whole(to), whole(id)) end
end

local function giveBack(state, id, now)
  local at = slotAt(state, id)
  if not at or redis.call('ZSCORE', free(state), whole(id)) then return false end
  if at > now then
    redis.call('ZADD', free(state), whole(at), whole(id))
  else
    redis.call('ZREM', slots(state), whole(id))
  end
  return true
end

local function onAccepted(state, rules)
  state.marginUs = math.max(rules.minMarginUs, state.marginUs - rules.marginCreepUs)
  if state.slow > 1 then state.slow = math.floor(state.slow / 2) end
  state.refusedSinceUs = 0
  state.refusedRow = 0
end

local function countRefusal(state, rules, now)
  local quiet = now - state.refusedAtUs > rules.accountFaultUs / 4
  if state.refusedSinceUs == 0 or quiet then
    state.refusedSinceUs = now
    state.refusedRow = 0
  end
  state.refusedRow = state.refusedRow + 1
  state.refusedAtUs = now
end

local function isAccountFault(state, rules, now)
  local lasted = state.refusedSinceUs > 0 and now - state.refusedSinceUs >= rules.accountFaultUs
  return lasted and state.refusedRow >= rules.accountFaultCalls
end

local function weigh(state, at, rules)
  local from, to = '(' .. whole(at - rules.secondUs), '(' .. whole(at)
  local before = redis.call('ZCOUNT', slots(state), from, to)
  local refusedBefore = redis.call('ZCOUNT', refusedSlots(state), from, to)
  local span = '(' .. whole(at - window(state, rules))
  return before - refusedBefore, redis.call('ZCOUNT', refusedSlots(state), span, whole(at))
end

local function retry(state, rules)
  if wasSmallFall(state) then return rules.returnUs end
  local backoff = rules.retryUs[state.failures + 1]
  if state.limit >= state.nominal then
    return math.max(backoff, math.floor(rules.aboveNominalRetryUs / state.limit))
  end
  return math.max(backoff, math.min(60 * rules.secondUs, math.floor((200 * rules.secondUs) / state.limit)))
end

local function fall(state, to, floor, rules, now)
  local from = state.limit
  state.fallTop = from
  state.fallFloor = math.max(1, math.min(from - 1, floor))
  state.fallAtUs = now
  state.climbAtUs = 0
  state.streak = 0
  state.step = 1
  if from == 1 then state.slow = math.min(8, math.max(1, state.slow) * 2) end
  state.limit = math.max(state.fallFloor, math.min(from - 1, to))
  state.ceiling = state.limit + 1
  state.nextClimbUs = now + retry(state, rules)
  dropFree(state)
  return true
end

local function sharpen(state, accepted)
  local to = math.max(state.fallFloor, accepted)
  if to >= state.limit then return false end
  state.limit = to
  state.ceiling = to + 1
  return true
end

local function climbFailed(state, accepted, rules, now)
  state.failures = math.min(#rules.retryUs - 1, state.failures + 1)
  return fall(state, accepted, state.climbFrom, rules, now)
end

local function isCoarse(state, rules) return state.limit * rules.maxMarginUs <= rules.secondUs end

local function inStreak(state, at, rules)
  return state.streak > 0 and at - state.loneAtUs <= 2.5 * rules.secondUs * math.max(1, state.slow)
end

local function takeBackMargin(state, parts)
  local added = math.max(0, state.marginUs - state.streakMarginUs)
  state.marginUs = state.marginUs - math.floor(added / parts)
end

local function loneRefusal(state, at, rules, now)
  if inStreak(state, at, rules) then state.streak = state.streak + 1 else state.streak = 1 end
  state.loneAtUs = at
  if state.streak == 1 then state.streakMarginUs = state.marginUs end
  local last, steps = 3, 1
  if isCoarse(state, rules) then last, steps = 6, math.min(4, 2 ^ (state.streak - 1)) end
  if state.streak < last then
    state.marginUs = math.min(rules.maxMarginUs, state.marginUs + steps * rules.marginStepUs)
    return false
  end
  takeBackMargin(state, 1)
  return fall(state, state.limit - 1, state.limit - 1, rules, now)
end

local function onRefused(state, id, rules, now)
  countRefusal(state, rules, now)
  local at = slotAt(state, id)
  if not at then return false end
  local accepted, refused = weigh(state, at, rules)
  if state.fallAtUs > 0 and at <= state.fallAtUs + rules.horizonUs then return sharpen(state, accepted) end
  if state.climbAtUs > 0 and at > state.climbAtUs and now < state.climbAtUs + 2 * rules.passUs then
    return climbFailed(state, accepted, rules, now)
  end
  local coarse = isCoarse(state, rules)
  local small = coarse and refused * 5 <= state.limit
  if refused >= 2 and not small then
    if inStreak(state, at, rules) then takeBackMargin(state, coarse and 2 or 1) end
    return fall(state, accepted, math.floor(state.limit / 2), rules, now)
  end
  return loneRefusal(state, at, rules, now)
end

local function tickMinute(state, now)
  local minute = math.floor(now / 60000000)
  if minute == state.minute then return end
  state.lastMinuteRefused = minute == state.minute + 1 and state.minuteRefused or 0
  state.minuteRefused = 0
  state.minute = minute
end
