import { describe, expect, it } from 'vitest';
import type { RateLimitConfig } from '../config/gateway-config.js';
import { RateLimiter } from './rate-limiter.js';
import { restoreBuckets, usedBuckets } from './used-buckets.js';

const LIMIT = { requests: 4, per: 60_000, burst: 0, key: 'ip', mode: 'enforce' } as RateLimitConfig;
const INTERVAL = 15_000;

function limiter(): RateLimiter {
  return new RateLimiter('limit', { kind: 'route', name: 'users' }, LIMIT);
}

function limits(...all: RateLimiter[]): Map<string, RateLimiter> {
  return new Map(all.map((each) => [each.id, each]));
}

/** @returns how many requests pass */
function spend({ policy, buckets }: RateLimiter, key: string, now: number, requests = 10): number {
  const bucket = buckets.of(key, now);
  return Array.from({ length: requests }, () => policy.take(bucket, now)).filter(Boolean).length;
}

describe('used buckets', () => {
  it('go on in another process, whose monotonic clock begins anew', async () => {
    const before = limiter();
    spend(before, 'a', 900_000);
    const used = await usedBuckets(limits(before), 910_000, 10);
    const after = limiter();
    expect(restoreBuckets(limits(after), used, 1_000, 5_000)).toBe(1);
    // 15 s after the requests, so the first token is 45 s away.
    expect(spend(after, 'a', 1_000 + 45_000 - 1)).toBe(0);
    expect(spend(after, 'a', 1_000 + 45_000)).toBe(1);
    expect(spend(after, 'b', 1_000)).toBe(4);
  });

  it('are not those that are full again', async () => {
    const one = limiter();
    spend(one, 'a', 0);
    spend(one, 'b', 0);
    spend(one, 'c', 60_000, 1);
    expect(await usedBuckets(limits(one), 60_000 + 3 * INTERVAL, 10)).toEqual([['limit', 'c', 3, 0]]);
  });

  it('are bounded in number, and the empty ones come first', async () => {
    const one = limiter();
    for (let i = 0; i < 20; i++) spend(one, `some ${i}`, 0, 1);
    for (let i = 0; i < 5; i++) spend(one, `empty ${i}`, 0);
    const used = await usedBuckets(limits(one), 0, 8);
    expect(used).toHaveLength(8);
    expect(used.slice(0, 5).map(([, , tokens]) => tokens)).toEqual([0, 0, 0, 0, 0]);
  });

  it('do no harm when they are wrong: unknown limits, too many tokens, a time in the far future', () => {
    const one = limiter();
    const restored = restoreBuckets(
      limits(one),
      [
        ['gone', 'a', 0, 0],
        ['limit', 'b', 4, 0],
        ['limit', 'c', 1e9, 0],
        ['limit', 'd', 0, 2 ** 31 - 1],
        ['limit', 'e', 0, -(2 ** 31)],
      ],
      0,
      0,
    );
    expect(restored).toBe(2);
    expect(spend(one, 'b', 0)).toBe(4);
    expect(spend(one, 'c', 0)).toBe(4);
    // As one that has just been used up.
    expect(spend(one, 'd', 60_000 - 1)).toBe(0);
    expect(spend(one, 'd', 60_000)).toBe(1);
    expect(spend(one, 'e', 0)).toBe(4);
  });
});
