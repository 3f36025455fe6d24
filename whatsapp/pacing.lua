-- One budget for the installation. All moments are microseconds of the server's own clock.
--
-- at          how far the budget is spent: a grant of n moves it n periods on; what lies between it and
--             now, at most one lease, may be granted. Ahead of now it is a debt.
-- rate        messages a second set by an operator; 0 is a full stop; absent, what holds is
-- known       what the provider told of the number, and without that the caller's default
-- slow_*      since when, and to which share of the rate, the provider made us slow down
-- pause_until nothing is granted before
-- short_N, until_N   what lane N could use and did not get, and until when that counts
-- width, width_until  how many requests at once the provider answered well, and until when that counts
local LEASE, DEBT, SHORT, WARM = 50000, 2000000, 250000, 2000000
local STEP, STEPS, AGAIN, LEAST = 10000000, 6, 2000000, 1 / 16
local MAX_PAUSE = 300000000

local key, op, default = KEYS[1], ARGV[1], tonumber(ARGV[2])
local n, lane, more = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local kept = {}
local flat = redis.call('HGETALL', key)
for i = 1, #flat, 2 do kept[flat[i]] = tonumber(flat[i + 1]) end

-- A clock that was set back must not leave us waiting for a moment far ahead.
local slow_at = kept.slow_at and math.min(kept.slow_at, now)
local pause = math.max(0, math.min((kept.pause_until or 0) - now, MAX_PAUSE))

local function share()
  if not slow_at then return 1 end
  local steps = math.min(math.floor((now - slow_at) / STEP), STEPS)
  return kept.slow_share + (1 - kept.slow_share) * steps / STEPS
end

local base = kept.rate or kept.known or default
local rate = 0
if base > 0 then rate = math.max(1, base * share()) end
local period = 1000000 / math.max(rate, 0.001)
local room = math.max(LEASE, period)
local at = math.min(math.max(kept.at or 0, now - room), now + DEBT)

local function keep(name, value) redis.call('HSET', key, name, string.format('%.6f', value)) end

local function free_for(which)
  local free = math.floor((now - at) / period + 0.000001)
  for higher = 0, which - 1 do
    local left = (kept['until_' .. higher] or 0) - now
    if left > 0 and left <= SHORT then free = free - (kept['short_' .. higher] or 0) end
  end
  return math.max(0, free)
end

if op == 'take' then
  if rate == 0 then return {0, 1000000, tostring(rate)} end
  if pause > 0 then return {0, math.min(pause, 1000000), tostring(rate)} end
  local got = math.min(n, free_for(lane))
  at = at + got * period
  keep('at', at)
  local missing = n - got
  local left = (kept['until_' .. lane] or 0) - now
  local before = 0
  if left > 0 and left <= SHORT then before = kept['short_' .. lane] or 0 end
  -- Only this lane's next want: a caller that took all it could carry just now comes back for more at once.
  local short = math.max(missing + more, before - got)
  if short > 0 or before > 0 then keep('short_' .. lane, math.max(0, short)) end
  if missing + more > 0 then keep('until_' .. lane, now + SHORT) end
  if missing == 0 then return {got, 0, tostring(rate)} end
  -- Back at half a lease: late by as much again, a caller still loses nothing.
  local worth = math.max(1, math.min(missing, math.floor(room / period / 2)))
  local wait = math.max(at + worth * period - now, got == 0 and free_for(0) > 0 and LEASE / 2 or 1000)
  return {got, math.floor(math.min(wait, 1000000)), tostring(rate)}
elseif op == 'spend' then
  keep('at', math.min(at + n * period, now + DEBT))
elseif op == 'give_back' then
  keep('at', math.max(at - n * period, now - room))
elseif op == 'slow_down' then
  -- One overload is answered by many refusals at once: they halve the rate once.
  if not slow_at or now - slow_at >= AGAIN then
    keep('slow_share', math.max(LEAST, share() / 2))
    keep('slow_at', now)
  end
  keep('at', math.max(at, now)) -- what had gathered is gone, a debt is not
  if n > 0 then keep('pause_until', now + math.max(pause, math.min(n, MAX_PAUSE))) end
elseif op == 'know' then
  if n > 0 then keep('known', n) else redis.call('HDEL', key, 'known') end
elseif op == 'warm' then
  keep('width', n)
  keep('width_until', now + WARM)
elseif op == 'width' then
  local left = (kept.width_until or 0) - now
  return {(left > 0 and left <= WARM) and kept.width or 0}
elseif op == 'state' then
  local waiting = {}
  for which = 0, 3 do
    local left = (kept['until_' .. which] or 0) - now
    waiting[which + 1] = (left > 0 and left <= SHORT) and (kept['short_' .. which] or 0) or 0
  end
  return {tostring(base), tostring(rate), pause, math.floor(at - now), waiting}
end
return {0, 0, tostring(rate)}
