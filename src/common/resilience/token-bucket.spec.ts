import { describe, expect, it } from 'vitest';
import { mix32 } from '../hash.js';
import { TokenBucket } from './token-bucket.js';

/** @returns how many of `requests` pass at a time */
function passed(policy: TokenBucket, bucket: ReturnType<TokenBucket['full']>, now: number, requests = 1_000) {
  let count = 0;
  for (let i = 0; i < requests; i++) if (policy.take(bucket, now)) count++;
  return count;
}

describe('TokenBucket', () => {
  it('lets the limit through at once, and no more within the first period', () => {
    const policy = new TokenBucket(100, 60_000, 0);
    const bucket = policy.full();
    let count = 0;
    for (let now = 0; now < 60_000; now += 100) count += passed(policy, bucket, now, 3);
    expect(count).toBe(100);
  });

  it('lets the burst through beyond that', () => {
    const policy = new TokenBucket(100, 60_000, 20);
    const bucket = policy.full();
    expect(passed(policy, bucket, 0)).toBe(120);
    expect(passed(policy, bucket, 59_999)).toBe(0);
  });

  it('refills at the steady rate from then on, until it is full', () => {
    const policy = new TokenBucket(100, 60_000, 20);
    const bucket = policy.full();
    passed(policy, bucket, 0);
    expect(passed(policy, bucket, 59_999)).toBe(0);
    expect(policy.untilNext(bucket, 59_999)).toBeCloseTo(1);
    expect(passed(policy, bucket, 60_000)).toBe(1);
    expect(passed(policy, bucket, 66_000)).toBe(10);
    // It is full again after 120 tokens, and does not grow further.
    expect(passed(policy, bucket, 1_000_000)).toBe(120);
  });

  it('takes no token when it rejects, so a client that goes on asking is not locked out', () => {
    const policy = new TokenBucket(1, 1_000, 0);
    const bucket = policy.full();
    expect(policy.take(bucket, 0)).toBe(true);
    for (let now = 1; now < 1_000; now += 10) expect(policy.take(bucket, now)).toBe(false);
    expect(policy.take(bucket, 1_000)).toBe(true);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'never lets more through than burst and rate allow: schedules %i',
    (seed) => {
      const random = seeded(seed);
      for (let schedule = 0; schedule < 50; schedule++) {
        const requests = 1 + Math.floor(random() * 50);
        const burst = Math.floor(random() * 3) * Math.floor(random() * 40);
        const per = 1_000 * (1 + Math.floor(random() * 60));
        const policy = new TokenBucket(requests, per, burst);
        const bucket = policy.full();
        const passes: number[] = [];
        let now = random() * 1e6;
        for (let i = 0; i < 300; i++) {
          // Pauses of very different lengths, among them none.
          now += random() < 0.5 ? 0 : per * random() ** 6 * 4;
          if (policy.take(bucket, now)) passes.push(now);
        }
        const first = passes[0] ?? 0;
        const excess = passes.map((at, i) => i - (burst + requests * Math.max(1, (at - first) / per)));
        expect(Math.max(...excess), `${requests} per ${per}, burst ${burst}`).toBeLessThanOrEqual(0);
        // From any request on, and not only from the first: what a full bucket has, and what has come since.
        const between = passes.flatMap((from, i) =>
          passes.slice(i).map((at, j) => j - (burst + requests + (requests * (at - from)) / per)),
        );
        expect(between.reduce((most, each) => Math.max(most, each))).toBeLessThanOrEqual(0);
      }
    },
  );

  it('serves a steady client at the limit', () => {
    const policy = new TokenBucket(10, 1_000, 0);
    const bucket = policy.full();
    const refused = Array.from({ length: 1_000 }, (_, i) => policy.take(bucket, i * 100.001)).indexOf(false);
    expect(refused).toBe(-1);
  });

  it('does not go back when a request that came earlier is counted later', () => {
    const policy = new TokenBucket(2, 1_000, 0);
    const bucket = policy.full();
    expect(policy.take(bucket, 5_000)).toBe(true);
    expect(policy.take(bucket, 4_000)).toBe(true);
    expect(policy.take(bucket, 4_500)).toBe(false);
    expect(policy.take(bucket, 5_999)).toBe(false);
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => mix32((state += 0x9e3779b9)) / 2 ** 32;
}
