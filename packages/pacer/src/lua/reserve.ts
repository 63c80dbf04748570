/**
 * The one round trip of a permit: the earliest slot of any open credential, or how long to wait, or why not at all.
 * ARGV[1] is JSON `{credentials, withinUs}`; the answer starts with granted, wait or closed.
 */
import { GATE_LUA } from './gate.ts';
import { STATE_LUA } from './state.ts';

const PLACE_LUA = `
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
`;

export const RESERVE_LUA = `${STATE_LUA}${GATE_LUA}${PLACE_LUA}
local settings = cjson.decode(ARGV[1])
local now, run = serverNow(settings), serverRun(settings)
local best, closed
local states, born = {}, {}
for index, credential in ipairs(settings.credentials) do
  local state = refresh(KEYS[index], credential, rules, now, run)
  states[index] = state
  born[index] = whole(state.bornUs)
  local gate = gateView(state, credential, now)
  if gate.verdict == 'closed' then
    if not closed or (gate.nextUs > 0 and (closed.nextUs == 0 or gate.nextUs < closed.nextUs)) then closed = gate end
  else
    if gate.verdict == 'open' then open(state, now, state.gateBy) end
    local place = nextPlace(state, rules, now)
    if not best or place.at < best.place.at or (place.at == best.place.at and place.last < best.place.last) then
      best = { index = index, place = place, probe = gate.verdict == 'probe' }
    end
  end
end

local answer
if not best then
  answer = { 'closed', closed and closed.reason or 'none', whole(closed and closed.nextUs or 0) }
elseif best.place.at > now + settings.withinUs then
  answer = { 'wait', whole(best.place.at) }
else
  local state, place = states[best.index], best.place
  local id = take(state, place)
  count(state, place.at, 'calls', 1)
  if best.probe then
    state.probeId = id
    state.probeUntilUs = place.at + rules.probeTtlUs
  end
  local rose = not best.probe and place.binding and climb(state, rules, now)
  answer = {
    'granted', tostring(best.index - 1), whole(id), whole(place.at), best.probe and '1' or '0', rose and '1' or '0',
    whole(state.limit), whole(state.marginUs),
  }
end
for _, state in ipairs(states) do save(state) end
return { whole(now), table.concat(born, ','), unpack(answer) }
`;
