-- SPDX-License-Identifier: BSD-2-Clause
--
-- batch.lua - applies one batch of counters of one campaign, once.
--
--     KEYS  total, rcpt, sketch, then the hashes of hours and days
--     ARGV  marker field, prev, seq, name as sent, first, last, seconds to live,
--           recipients: their number and their hashes, or -1 and a sketch,
--           per hash (total first): EXPIREAT or 0, how many fields, field, value, ...
--
-- The answer is {status, number of the last batch applied, !forgets}; rbatch.h lists the
-- statuses.
--
-- Redis runs a script alone, but undoes nothing if the script fails half way.  So:
--
-- 1. The marker decides.  For a number that was applied before, the script ends before any
--    write.  If there is a tombstone instead of a marker, nothing was lost: the campaign was
--    forgotten on purpose.  A batch from before that time is refused; a later one starts
--    anew.  A marker near the largest integer of a double was not written by us, and numbers
--    above it would be rounded: it is an error.
-- 2. Everything that could make a write fail (a key of another type, a field that is no
--    integer) is read and judged before the first write.  A sum has at most 18 digits, so
--    it cannot overflow.
-- 3. Recipients are the first write.  Only this write can still fail (a string that is no
--    HyperLogLog, memory, a missing right), and adding the same elements twice is harmless.
-- 4. Sums are set, not incremented, and the sums of the total are set by the command that
--    sets the marker, which comes last.  So everything before it may be repeated, and it is
--    repeated: if a crash tears an AOF within the MULTI of the script, Redis cuts the AOF
--    after the last whole command, not before MULTI (Redis, and Valkey up to 8; valkey#4342),
--    and applies the rest of that MULTI at the start after the next one.  By then the batch
--    was sent again, and its sums, which are the same, stand further down in the AOF.
-- 5. Name, times and expiry come after the marker.  If they fail, the next try finds the
--    marker, and the counters are right.
local marker, prev, seq = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local total, rcpt, sketch = KEYS[1], KEYS[2], KEYS[3]

local function bad(key, field)
  return redis.error_reply('WRONGTYPE field ' .. field .. ' of ' .. key ..
    ' is not a counter')
end

-- A missing field, or an integer that can be added to.
local function sane(v)
  return not v or (#v <= 18 and string.match(v, '^-?%d+$'))
end

-- The sum of two integers in decimal.  Large ones are added in halves, since a double
-- would round them.
local function add(a, b)
  if #a < 16 and #b < 16 or string.sub(a, 1, 1) == '-' then
    return string.format('%.0f', a + b)
  end
  local low = string.sub(a, -9) + string.sub(b, -9)
  local high = (tonumber(string.sub(a, 1, -10)) or 0) +
    (tonumber(string.sub(b, 1, -10)) or 0) + math.floor(low / 1e9)
  return string.format('%.0f%09.0f', high, low % 1e9)
end

-- Judge the number.  '!forgotten' is RBATCH_TOMBSTONE, '!forgets' is RBATCH_FORGETS.
local seen = redis.call('HMGET', total, marker, 'first_seen', 'last_seen',
  '!forgotten', '!forgets')
if not sane(seen[1]) then return bad(total, marker) end
if not sane(seen[2]) then return bad(total, 'first_seen') end
if not sane(seen[3]) then return bad(total, 'last_seen') end
if not sane(seen[4]) then return bad(total, '!forgotten') end
local forgets = sane(seen[5]) and tonumber(seen[5] or '0') or 0
local m, done = tonumber(seen[1] or '0'), 1
if m > 2^52 then return bad(total, marker) end
if seen[4] and not seen[1] then
  if tonumber(ARGV[6]) <= tonumber(seen[4]) then
    return {2, tonumber(seen[4])}
  end
  prev, done = 0, 3
end
if seq <= m then return {0, m, forgets} end
if m < prev then return {-1, m} end

-- Read every field, and compute the sums.
local few = tonumber(ARGV[8])
local at = 9 + math.abs(few)
local hashes = {}
for k = 1, #KEYS do if k == 1 or k > 3 then
  local h = {key = KEYS[k], expire = ARGV[at], from = at + 2,
    to = at + 1 + 2 * tonumber(ARGV[at + 1])}
  local names, sums = {}, {}
  for i = h.from, h.to, 2 do names[#names + 1] = ARGV[i] end
  if #names > 0 then
    for i, v in ipairs(redis.call('HMGET', h.key, unpack(names))) do
      if not sane(v) then return bad(h.key, names[i]) end
      sums[2 * i - 1] = names[i]
      sums[2 * i] = add(v or '0', ARGV[h.from + 2 * i - 1])
    end
  end
  h.sums = sums
  hashes[#hashes + 1] = h
  at = h.to + 1
end end

-- Write: recipients, hours and days, and the total with the marker.
if few > 0 then
  redis.call('PFADD', rcpt, unpack(ARGV, 9, 8 + few))
elseif few < 0 then
  redis.call('SET', sketch, ARGV[9], 'EX', 60)
  local r = redis.pcall('PFMERGE', rcpt, sketch)
  redis.call('DEL', sketch)
  if r.err then return r end
end
for n = #hashes, 2, -1 do
  if #hashes[n].sums > 0 then
    redis.call('HSET', hashes[n].key, unpack(hashes[n].sums))
  end
end
redis.call('HSET', total, marker, ARGV[3], unpack(hashes[1].sums))

-- What may be missing without harm: name, times, expiry.
local first, last = tonumber(ARGV[5]), tonumber(ARGV[6])
redis.call('HSETNX', total, 'name', ARGV[4])
if not seen[2] or first < tonumber(seen[2]) then
  redis.call('HSET', total, 'first_seen', ARGV[5])
end
if not seen[3] or last > tonumber(seen[3]) then
  redis.call('HSET', total, 'last_seen', ARGV[6])
else
  last = tonumber(seen[3])
end
local gone = string.format('%.0f', last + tonumber(ARGV[7]))
redis.call('EXPIREAT', total, gone)
redis.call('EXPIREAT', rcpt, gone)
for _, h in ipairs(hashes) do
  if h.expire ~= '0' then redis.call('EXPIREAT', h.key, h.expire) end
end
return {done, seq, forgets}
