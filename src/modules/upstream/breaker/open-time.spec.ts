import { describe, expect, it } from 'vitest';
import { openTime } from './open-time.js';

const OPTIONS = { openFor: 5_000, maxOpenFor: 60_000 };

describe('openTime', () => {
  it('doubles with each trip up to maxOpenFor', () => {
    expect([0, 1, 2, 3, 4, 100].map((trips) => openTime(OPTIONS, trips, 0.5))).toEqual([
      5_000, 10_000, 20_000, 40_000, 60_000, 60_000,
    ]);
  });

  it('spreads by 20% either way, and never beyond maxOpenFor', () => {
    expect(openTime(OPTIONS, 0, 0)).toBe(4_000);
    expect(openTime(OPTIONS, 0, 0.999_999)).toBe(6_000);
    expect(openTime(OPTIONS, 9, 0.999_999)).toBe(60_000);
  });
});
