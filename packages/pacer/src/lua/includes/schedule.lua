-- The next slot of a credential, and the climb of its rate. The equal of schedule.ts and adaptation.ts.

local function nextPlace(state, rules, now)
  local span = spacing(state, rules, now)
  local nth = nthLast(state, state.limit)
  local opens = 0
  if nth then opens = nth + span end
  local last = nthLast(state, 1)
  local gap = math.floor((span * rules.evennessPermille) / 1000 / state.limit)
  local at = math.max(now, state.holdUs, opens)
  if last then at = math.max(at, last + gap) end
  local given = redis.call('ZRANGEBYSCORE', free(state), whole(now), whole(at), 'WITHSCORES', 'LIMIT', 0, 1)
  local place = { at = at, reuse = 0, binding = opens > now, last = last or 0 }
  if #given > 0 then place.at, place.reuse = tonumber(given[2]), tonumber(given[1]) end
  return place
end

local function take(state, place)
  if place.reuse > 0 then
    redis.call('ZREM', free(state), whole(place.reuse))
    return place.reuse
  end
  state.sequence = state.sequence + 1
  redis.call('ZADD', slots(state), whole(place.at), whole(state.sequence))
  return state.sequence
end

local function climb(state, rules, now)
  local cap = state.nominal
  if rules.probeUp == 1 then cap = 9007199254740991 end
  if state.limit >= cap or now < state.nextClimbUs then return false end
  local passed = state.climbAtUs > 0
  if passed and state.limit >= state.ceiling then state.ceiling = 0 end
  if passed and state.ceiling == 0 then
    state.step = math.min(state.step * 2, math.max(1, math.floor(state.limit / 4)))
  else
    state.step = 1
    if wasSmallFall(state) then state.step = math.max(1, state.fallTop - state.limit) end
  end
  if state.ceiling == 0 then state.failures = 0 end
  state.climbFrom = state.limit
  state.climbAtUs = now
  state.limit = math.min(cap, state.limit + state.step)
  state.nextClimbUs = now + rules.passUs
  return true
end
