import { turns } from '../../common/turns.js';
import type { RateLimiter } from './rate-limiter.js';

/** A bucket that is not full, and the milliseconds from which on its next token takes one interval; perhaps negative. */
export type UsedBucket = [limiter: string, key: string, tokens: number, refillIn: number];

type Limiters = ReadonlyMap<string, RateLimiter>;

/**
 * Looks at all buckets in turns with other work, since there may be hundreds of thousands.
 *
 * @param now monotonic milliseconds
 * @returns at most `most`, empty ones first
 */
export async function usedBuckets(limiters: Limiters, now: number, most: number): Promise<UsedBucket[]> {
  const turn = turns();
  const empty: UsedBucket[] = [];
  const others: UsedBucket[] = [];
  for (const { id, policy, buckets } of limiters.values()) {
    for (const [key, bucket] of buckets.entries()) {
      const wait = turn();
      if (wait) await wait;
      policy.refill(bucket, now);
      const { tokens, refillFrom } = bucket;
      const list = tokens === 0 ? empty : others;
      if (tokens < policy.capacity && list.length < most)
        list.push([id, key, tokens, Math.round(refillFrom - now)]);
    }
  }
  return [...empty, ...others].slice(0, most);
}

/**
 * Takes over buckets of another process. Those of limits that have changed since then are ignored.
 *
 * @param now monotonic milliseconds
 * @param age milliseconds since `used` was right
 * @returns how many it has taken over
 */
export function restoreBuckets(
  limiters: Limiters,
  used: readonly UsedBucket[],
  now: number,
  age: number,
): number {
  let restored = 0;
  for (const [id, key, tokens, refillIn] of used) {
    const limiter = limiters.get(id);
    if (!limiter || tokens >= limiter.policy.capacity) continue;
    const { per, interval } = limiter.policy;
    const bucket = limiter.buckets.of(key, now);
    bucket.tokens = tokens;
    // No bucket waits longer than one that has just been full.
    bucket.refillFrom = now + Math.min(refillIn - age, per - interval);
    restored++;
  }
  return restored;
}
