import { hash } from 'node:crypto';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisClient } from '../redis/redis-client.js';
import type { RedisConnection } from '../redis/redis.connection.js';
import type { RateLimiter } from './rate-limiter.js';
import { TAKE } from './redis-script.js';
import type { SharedBuckets, SharedTake } from './shared-buckets.js';

/** Buckets in Redis, which replicas share. */
export class RedisBuckets implements SharedBuckets {
  private readonly byLimiter = new WeakMap<RateLimiter, RateLimiterRedis>();

  constructor(private readonly redis: RedisConnection) {}

  get isUp(): boolean {
    return this.redis.isUp;
  }

  async take(limiter: RateLimiter, key: string): Promise<SharedTake | undefined> {
    const { per } = limiter.config;
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
