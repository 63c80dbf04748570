/**
 * The shares in Redis, beside the queue they order: the twin of `shares.ts`, line by line. KEYS[1] is the state's
 * name; finish times and the queue's own keys share its hash tag.
 */
import { BAND, EXPRESS, MOVE_AT, RUN_BEFORE_BULK, SPAN } from './shares.ts';

const COMMON = `
local SPAN, EXPRESS, MOVE_AT, RUN = ${SPAN}, ${EXPRESS}, ${MOVE_AT}, ${RUN_BEFORE_BULK}
local BAND = { interactive = ${BAND.interactive}, bulk = ${BAND.bulk} }
local SCORE = 4294967296
local state = KEYS[1]
local function exact(n) return string.format('%.17g', n) end
local function field(name) return tonumber(redis.call('HGET', state, name) or '0') end
local function finishKey(class) return state .. ':' .. class end
local function classOf(priority) if priority < BAND.bulk then return 'interactive' end return 'bulk' end
`;

/**
 * KEYS: state. ARGV[1]: the queue's key prefix; ARGV[2]: `[[class, tenant, cost, calls, id], …]`. Answers the
 * priorities, preceded by 1 when an axis is to be moved. A card that is there keeps its place.
 */
export const PLACE_LUA = `${COMMON}
local answer, moving = {0}, field('interactive:move') + field('bulk:move') > 0
local average = field('average')
for index, card in ipairs(cjson.decode(ARGV[2])) do
  local class, tenant, cost, calls, id = card[1], card[2], card[3], card[4], card[5]
  local known = redis.call('HGET', ARGV[1] .. id, 'priority')
  if known then
    answer[index + 1] = tonumber(known)
  else
    local v = field(class .. ':v')
    local last = tonumber(redis.call('HGET', finishKey(class), tenant) or '0')
    local at = math.max(last, v) + cost
    redis.call('HSET', finishKey(class), tenant, exact(at))
    answer[index + 1] = BAND[class] + math.min(SPAN - 1, math.floor(at))
    if average == 0 then average = calls else average = average + (calls - average) / 50 end
    if v >= MOVE_AT then moving = true end
  end
end
redis.call('HSET', state, 'average', exact(average))
if moving then answer[1] = 1 end
return answer
`;

/** KEYS: state, the card's hash, prioritized. ARGV: nothing, or a channel and what is told there. A card was started. */
export const START_LUA = `${COMMON}
if ARGV[1] then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
local priority = tonumber(redis.call('HGET', KEYS[2], 'priority') or '0')
if priority <= EXPRESS then return 0 end
local class = classOf(priority)
local move = field(class .. ':move')
if move > 0 and priority - BAND[class] > move then
  priority = priority - move
  redis.call('HSET', KEYS[2], 'priority', exact(priority))
end
redis.call('HSET', state, class .. ':v', exact(math.max(field(class .. ':v'), priority - BAND[class])))
local run = 0
if class == 'interactive' then
  local front = redis.call('ZRANGEBYSCORE', KEYS[3], exact(BAND.bulk * SCORE), '+inf', 'LIMIT', 0, 1)
  if #front > 0 then run = field('run') + 1 end
  if run >= RUN then
    run = 0
    redis.call('ZADD', KEYS[3], 'XX', exact(EXPRESS * SCORE), front[1])
  end
end
redis.call('HSET', state, 'run', run)
return 0
`;

/**
 * KEYS: state, prioritized, delayed, active. ARGV: the queue's key prefix, how many cards to move at most, and for how
 * many seconds late ones are waited for: placed before the move, added after it. Moves one class's axis a little at a
 * time; answers 1 while there is more, 2 while only late ones may come, 0 at the end. What is not moved yet lies
 * beyond what is.
 */
export const MOVE_LUA = `${COMMON}
local limit = tonumber(ARGV[2])
local now = tonumber(redis.call('TIME')[1])
local function shift(id, class, by)
  local key = ARGV[1] .. id
  local priority = tonumber(redis.call('HGET', key, 'priority') or '0')
  if priority > EXPRESS and classOf(priority) == class and priority - BAND[class] >= by then
    redis.call('HSET', key, 'priority', exact(priority - by))
  end
end
local function rest(class, by)
  for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do shift(id, class, by) end
  for _, id in ipairs(redis.call('LRANGE', KEYS[4], 0, -1)) do shift(id, class, by) end
end
-- Who started before the move, or is back in front of it, belongs to the front of the moved axis.
local function forward(class, by)
  local low, high = BAND[class] * SCORE, (BAND[class] + by + 1) * SCORE
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], exact(low), '(' .. exact(high))) do
    redis.call('HSET', ARGV[1] .. id, 'priority', BAND[class])
    redis.call('ZADD', KEYS[2], 'XX', exact(low), id)
  end
  local function early(id)
    local key = ARGV[1] .. id
    local priority = tonumber(redis.call('HGET', key, 'priority') or '0')
    if priority > EXPRESS and classOf(priority) == class and priority - BAND[class] <= by then
      redis.call('HSET', key, 'priority', BAND[class])
    end
  end
  for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do early(id) end
  for _, id in ipairs(redis.call('LRANGE', KEYS[4], 0, -1)) do early(id) end
end
local function begin(class)
  local v = field(class .. ':v')
  if v < MOVE_AT then return false end
  local by = v - 1
  forward(class, by)
  rest(class, by)
  local flat = redis.call('HGETALL', finishKey(class))
  for i = 1, #flat, 2 do
    local at = tonumber(flat[i + 1]) - by
    if at > v - by then redis.call('HSET', finishKey(class), flat[i], exact(at))
    else redis.call('HDEL', finishKey(class), flat[i]) end
  end
  redis.call('HSET', state, class .. ':v', exact(v - by), class .. ':move', exact(by), class .. ':since', now)
  return true
end
local function go(class, by)
  local low, high = (BAND[class] + by + 1) * SCORE, (BAND[class] + SPAN) * SCORE
  local some = redis.call('ZRANGEBYSCORE', KEYS[2], exact(low), '(' .. exact(high), 'WITHSCORES', 'LIMIT', 0, limit)
  for i = 1, #some, 2 do
    local score = tonumber(some[i + 1])
    redis.call('ZADD', KEYS[2], 'XX', exact(score - by * SCORE), some[i])
    redis.call('HSET', ARGV[1] .. some[i], 'priority', exact(math.floor(score / SCORE) - by))
  end
  if #some > 0 then return 1 end
  rest(class, by)
  if now - field(class .. ':since') < tonumber(ARGV[3]) then return 2 end
  redis.call('HDEL', state, class .. ':move', class .. ':since')
  return 1
end
for _, class in ipairs({ 'interactive', 'bulk' }) do
  local by = field(class .. ':move')
  if by > 0 then return go(class, by) end
  if begin(class) then return 1 end
end
return 0
`;

/**
 * KEYS: state, prioritized, delayed, active. ARGV: a card's queue id or ''. Reads only. Answers: interactive and all
 * cards waiting, cards being worked on, average calls per card, the card's rank or -1, its due time or 0.
 */
export const LOOK_LUA = `${COMMON}
local low, high = exact(BAND.interactive * SCORE), '(' .. exact(BAND.bulk * SCORE)
local rank, due = -1, 0
if ARGV[1] ~= '' then
  rank = redis.call('ZRANK', KEYS[2], ARGV[1]) or -1
  if rank == -1 then due = math.floor(tonumber(redis.call('ZSCORE', KEYS[3], ARGV[1]) or '0') / 4096) end
end
return { redis.call('ZCOUNT', KEYS[2], low, high), redis.call('ZCARD', KEYS[2]), redis.call('LLEN', KEYS[4]),
  redis.call('HGET', state, 'average') or '1', rank, exact(due) }
`;

/** KEYS: state, prioritized. ARGV: class, tenant, cost. How many cards would come before one more of that tenant. */
export const BEFORE_LUA = `${COMMON}
local class = ARGV[1]
local last = tonumber(redis.call('HGET', finishKey(class), ARGV[2]) or '0')
local at = math.max(last, field(class .. ':v')) + tonumber(ARGV[3])
local priority = BAND[class] + math.min(SPAN - 1, math.floor(at))
return redis.call('ZCOUNT', KEYS[2], '-inf', '(' .. exact((priority + 1) * SCORE))
`;
