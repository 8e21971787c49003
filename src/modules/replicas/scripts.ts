/*
 * Scripts that Redis runs as one step each. Times are those of its clock, since the clocks of replicas differ.
 */

/**
 * Tells that a replica is alive, stores its votes, and returns how many replicas are alive, and the votes of all.
 *
 * KEYS: replicas by the time of their last sign of life; votes by replica.
 * ARGV: replica, milliseconds for which it is alive, its votes or nothing, channel, message or nothing.
 */
export const EXCHANGE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - life)
-- Times in the future are from before the clock was set back.
redis.call('ZREMRANGEBYSCORE', KEYS[1], now + life, '+inf')
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], life)
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[2], ARGV[1], string.format('[%.0f,%s]', now, ARGV[3]))
  redis.call('PEXPIRE', KEYS[2], life)
end
if ARGV[5] ~= '' then redis.call('PUBLISH', ARGV[4], ARGV[5]) end
local votes = {}
for _, replica in ipairs(redis.call('HKEYS', KEYS[2])) do
  if not redis.call('ZSCORE', KEYS[1], replica) then
    redis.call('HDEL', KEYS[2], replica)
  elseif replica ~= ARGV[1] then
    table.insert(votes, redis.call('HGET', KEYS[2], replica))
  end
end
return {redis.call('ZCARD', KEYS[1]), string.format('%.0f', now), votes}
`;

/** Removes a replica. KEYS as above. ARGV: replica. */
export const LEAVE = `
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('HDEL', KEYS[2], ARGV[1])
`;

/**
 * Takes a lease that nobody has, or sets for how long its holder keeps it.
 *
 * KEYS: lease. ARGV: token, milliseconds, channel, message or nothing.
 * Returns 0, or for how many milliseconds somebody else has it.
 */
export const TAKE_LEASE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return math.max(1, redis.call('PTTL', KEYS[1])) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if ARGV[4] ~= '' then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
return 0
`;

/**
 * Ends a lease, and publishes what came of it. A holder whose lease has expired publishes nothing: another replica may
 * have it by now. KEYS: lease. ARGV: token, channel, message or nothing. Returns 1 or 0.
 */
export const END_LEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[3] ~= '' then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return 1
`;

/**
 * Keeps that an operator has opened a breaker, and tells the replicas what was done to it.
 *
 * KEYS: end by upstream. ARGV: upstream, milliseconds (0 without an end, -1 when it is not open), channel, message.
 */
export const WRITE_MANUAL = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lasts = tonumber(ARGV[2])
if lasts < 0 then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], lasts == 0 and '0' or string.format('%.0f', now + lasts))
end
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
`;

/** KEYS as above. Returns upstreams and for how many milliseconds they are still open (0 without an end), in turn. */
export const READ_MANUAL = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local till = tonumber(all[i + 1])
  if till == 0 or till > now then
    table.insert(kept, all[i])
    table.insert(kept, till == 0 and 0 or till - now)
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return kept
`;
