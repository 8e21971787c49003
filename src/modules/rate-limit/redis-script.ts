/**
 * `TokenBucket.take` as a script that Redis runs as one step, by its own clock. `rate-limiter-flexible` sends it.
 *
 * KEYS: the bucket, as `tokens:milliseconds`. ARGV: 1, the period in seconds, the capacity, the seconds in which that many
 * tokens come.
 *
 * Returns the tokens that are missing then, which are more than the capacity when there was none to take, and the
 * milliseconds until the refill goes on.
 */
export const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local per, capacity = ARGV[2] * 1000, tonumber(ARGV[3])
local interval = ARGV[4] * 1000 / capacity
local tokens, refillFrom = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+):(%d+%.%d+)$')
tokens = math.min(tonumber(tokens) or capacity, capacity)
-- A time that is too far ahead is from before the clock was set back.
refillFrom = math.min(tonumber(refillFrom) or 0, now + per - interval)
local come = math.floor((now - refillFrom) / interval)
if come > 0 and tokens < capacity then
  tokens = math.min(tokens + come, capacity)
  refillFrom = refillFrom + come * interval
end
if tokens == 0 then return {capacity + 1, math.ceil(refillFrom - now)} end
if tokens == capacity then refillFrom = now + per - interval end
tokens = tokens - 1
local life = math.ceil(refillFrom - now + (capacity - tokens) * interval)
redis.call('SET', KEYS[1], string.format('%d:%.3f', tokens, refillFrom), 'PX', math.max(life, 1))
return {capacity - tokens, math.ceil(refillFrom - now)}
`;
