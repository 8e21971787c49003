import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../common/resilience/token-bucket.js';
import { Buckets } from './buckets.js';

const policy = new TokenBucket(5, 60_000, 0);

function passes(buckets: Buckets, key: string, now: number): boolean {
  return policy.take(buckets.of(key, now), now);
}

describe('Buckets', () => {
  it('keeps the bucket of a key', () => {
    const buckets = new Buckets(policy);
    const answers = Array.from({ length: 7 }, () => passes(buckets, 'a', 0));
    expect(answers).toEqual([true, true, true, true, true, false, false]);
    expect(passes(buckets, 'b', 0)).toBe(true);
  });

  it('stays within its bound, whatever keys come', () => {
    const buckets = new Buckets(policy, 1_000);
    for (let i = 0; i < 20_000; i++) passes(buckets, String(i), i / 100);
    expect(buckets.size).toBeLessThanOrEqual(1_000);
  });

  it('keeps limits that are used up during a flood of fresh keys', () => {
    const buckets = new Buckets(policy, 1_000);
    const hostile = Array.from({ length: 100 }, (_, i) => `hostile ${i}`);
    for (const key of hostile) while (passes(buckets, key, 0));
    for (let i = 0; i < 50_000; i++) passes(buckets, `fresh ${i}`, 1);
    expect(hostile.filter((key) => passes(buckets, key, 2))).toEqual([]);
  });

  it('drops buckets that are full again as others come', () => {
    const buckets = new Buckets(policy);
    for (let i = 0; i < 1_000; i++) passes(buckets, `early ${i}`, 0);
    for (let i = 0; i < 500; i++) passes(buckets, `late ${i}`, 120_000);
    expect(buckets.size).toBeLessThanOrEqual(500);
  });
});
