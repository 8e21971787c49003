import { describe, expect, it } from 'vitest';
import { hash32 } from '../../common/hash.js';
import { compileSplit, type Split } from './split.js';

const USERS = Array.from({ length: 2000 }, (_, i) => `user-${i}`);

function split(stable: number, canary: number): Split {
  return compileSplit([
    { upstream: 'stable', weight: stable },
    { upstream: 'canary', weight: canary },
  ]);
}

function canaries(upstreamOf: Split): string[] {
  return USERS.filter((user) => upstreamOf(user) === 'canary');
}

describe('compileSplit', () => {
  it('sends the same user to the same side', () => {
    expect(canaries(split(50, 50))).toEqual(canaries(split(50, 50)));
  });

  it('shares the users by weight', () => {
    const share = canaries(split(90, 10)).length / USERS.length;
    expect(share).toBeGreaterThan(0.07);
    expect(share).toBeLessThan(0.13);
  });

  it('keeps those on the growing side there', () => {
    const few = canaries(split(90, 10));
    const more = new Set(canaries(split(60, 40)));
    expect(few.length).toBeGreaterThan(0);
    expect(few.filter((user) => !more.has(user))).toEqual([]);
  });

  it('takes users of each side from the whole ring of consistent-hash', () => {
    const points = canaries(split(90, 10)).map((user) => hash32(user) / 2 ** 32);
    const quarters = [0, 0.25, 0.5, 0.75].map(
      (from) => points.filter((point) => point >= from && point < from + 0.25).length / points.length,
    );
    for (const each of quarters) expect(each).toBeGreaterThan(0.1);
  });

  it('sends nobody to a side without weight', () => {
    expect(canaries(split(1, 0))).toEqual([]);
    expect(canaries(split(0, 1))).toEqual(USERS);
  });
});
