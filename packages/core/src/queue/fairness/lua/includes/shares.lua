-- Shared parts of the fair order. The equal of shares.ts: a property test runs both on the same histories.
-- The loader defines `rules` in front of it. KEYS[1] names the state; finish times and the queue's keys share its
-- hash tag.
--- @constants rules

local SPAN, EXPRESS, MOVE_AT, RUN = rules.span, rules.express, rules.moveAt, rules.runBeforeBulk
local BAND = rules.band
local SCORE = 4294967296
local state = KEYS[1]
local function exact(n) return string.format('%.17g', n) end
local function field(name) return tonumber(redis.call('HGET', state, name) or '0') end
local function finishKey(class) return state .. ':' .. class end
local function classOf(priority) if priority < BAND.bulk then return 'interactive' end return 'bulk' end
