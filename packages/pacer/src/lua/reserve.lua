-- Reserves the earliest slot of any open credential in one round trip, or says how long to wait, or why not.
-- KEYS: the hash of each credential. ARGV[1]: JSON {credentials, withinUs}.
-- Returns {now, times of birth, 'granted' | 'wait' | 'closed', ...}.
--- @include "state"
--- @include "gate"
--- @include "schedule"

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
