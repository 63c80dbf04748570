-- Opens, closes or restores a gate, or records a failure before a permit was requested.
-- KEYS[1]: the hash of the credential. ARGV[1]: JSON {credential, action, ...}: open {by}; close {reason, untilUs, by};
-- restore {reason, untilUs, by, cause, sinceUs}; trouble {trouble}.
-- Returns 1 when the gate changed, 0 when not; for trouble what settle.lua returns.
--- @include "state"
--- @include "gate"
--- @include "breaker"

local settings = cjson.decode(ARGV[1])
local now = serverNow(settings)
local state = refresh(KEYS[1], settings.credential, rules, now, serverRun(settings))
if settings.action == 'trouble' then
  local held, run, opened = onTrouble(state, rules, now, now, settings.trouble, false)
  save(state)
  return { state.gate, whole(state.limit), whole(state.marginUs), held, whole(run), unpack(opened and { 'gate_closed' } or {}) }
end
local changed
if settings.action == 'open' then
  changed = openByPerson(state, now, settings.by)
elseif settings.action == 'restore' then
  changed = restore(state, rules, now, settings.reason, settings.untilUs, settings.by, settings.cause, settings.sinceUs)
else
  changed = close(state, rules, now, settings.reason, settings.untilUs, settings.by)
end
save(state)
return changed and 1 or 0
