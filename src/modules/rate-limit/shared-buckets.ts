import { hash } from 'node:crypto';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisClient } from '../redis/redis-client.js';
import type { RedisConnection } from '../redis/redis.connection.js';
import type { RateLimiter } from './rate-limiter.js';

/** What a shared bucket is like after a request. */
export interface SharedTake {
  readonly isAllowed: boolean;
  readonly tokens: number;
  /** Milliseconds from now, or since then when negative: the next token is there one interval later. */
  readonly refillIn: number;
}

/** Buckets that several processes take from. */
export interface SharedBuckets {
  readonly isUp: boolean;
  /** @returns `undefined` when there is no answer in time */
  take(limiter: RateLimiter, key: string): Promise<SharedTake | undefined>;
}

/**
 * `TokenBucket.take` as a script that Redis runs as one step, by its own clock. `rate-limiter-flexible` sends it.
 *
 * KEYS: the bucket, as `tokens:milliseconds`. ARGV: 1, the period in seconds, the capacity, the seconds in which that many
 * tokens come.
 *
 * Returns the tokens that are missing then, which are more than the capacity when there was none to take, and the
 * milliseconds until the refill goes on.
 */
const TAKE = `
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

/** Buckets in Redis, which replicas share. */
export class RedisBuckets implements SharedBuckets {
  private readonly byLimiter = new WeakMap<RateLimiter, RateLimiterRedis>();

  constructor(private readonly redis: RedisConnection) {}

  get isUp(): boolean {
    return this.redis.isUp;
  }

  async take(limiter: RateLimiter, key: string): Promise<SharedTake | undefined> {
    const { per } = limiter.policy;
    const result = await this.redis.run((client) =>
      this.limiterOf(limiter, client)
        // Keys have names and addresses of users.
        .consume(hash('sha256', key, 'base64url'), 1, { customDuration: per / 1000 })
        .catch(asResult),
    );
    if (!result) return undefined;
    const { consumedPoints, remainingPoints, msBeforeNext } = result;
    const isAllowed = consumedPoints <= limiter.policy.capacity;
    return { isAllowed, tokens: remainingPoints, refillIn: msBeforeNext };
  }

  private limiterOf(limiter: RateLimiter, client: RedisClient): RateLimiterRedis {
    let known = this.byLimiter.get(limiter);
    if (!known) {
      const { capacity, interval } = limiter.policy;
      known = new RateLimiterRedis({
        storeClient: client,
        keyPrefix: `ratelimit:${limiter.id}`,
        points: capacity,
        duration: (capacity * interval) / 1000,
        customIncrTtlLuaScript: TAKE,
      });
      this.byLimiter.set(limiter, known);
    }
    return known;
  }
}

/** The library rejects with the state of a bucket that is empty. */
function asResult(error: unknown): RateLimiterRes {
  if (error instanceof RateLimiterRes) return error;
  throw error;
}
