-- Counts an amount in all windows or in none.
-- KEYS: the windows, then the mark of what is counted once. ARGV: amount, time to live of the windows in milliseconds,
-- time to live of the mark (0: no mark), then the limit of each window.
-- Returns 0, or the number of the window that refuses.

local mark, once = KEYS[#KEYS], tonumber(ARGV[3])
if once > 0 and redis.call('EXISTS', mark) == 1 then return 0 end
for i = 1, #KEYS - 1 do
  local count = tonumber(redis.call('GET', KEYS[i]) or '0')
  if count + tonumber(ARGV[1]) > tonumber(ARGV[3 + i]) then return i end
end
for i = 1, #KEYS - 1 do
  redis.call('INCRBY', KEYS[i], ARGV[1])
  redis.call('PEXPIRE', KEYS[i], ARGV[2])
end
if once > 0 then redis.call('SET', mark, '', 'PX', once) end
return 0
