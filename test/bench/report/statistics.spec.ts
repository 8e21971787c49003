import { describe, expect, it } from 'vitest';

// A script, without types.
const { median, percentile, shuffled, spread } = (await import(
  new URL('statistics.mjs', import.meta.url).href
)) as {
  median: (values: readonly number[]) => number;
  percentile: (sorted: ArrayLike<number>, share: number) => number;
  spread: (values: readonly number[]) => { median: number; least: number; most: number };
  shuffled: <T>(values: readonly T[], random?: () => number) => T[];
};

describe('median', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[7], 7],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('leaves the values in their order', () => {
    const values = [3, 1, 2];
    expect(spread(values)).toEqual({ median: 2, least: 1, most: 3 });
    expect(values).toEqual([3, 1, 2]);
  });
});

describe('percentile', () => {
  const hundred = Float64Array.from({ length: 100 }, (_, i) => i + 1);

  it.each([
    [0, 1],
    [0.5, 50],
    [0.99, 99],
    [0.991, 100],
    [1, 100],
  ])('%d of the numbers from 1 to 100 is %d', (share, expected) => {
    expect(percentile(hundred, share)).toBe(expected);
  });

  it('of nothing is not a number', () => {
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('shuffled', () => {
  it('returns the same values in the order that the random numbers give', () => {
    const values = ['a', 'b', 'c', 'd'];
    expect(shuffled(values, () => 0)).toEqual(['b', 'c', 'd', 'a']);
    expect(shuffled(values, () => 0.999)).toEqual(values);
    expect(values).toEqual(['a', 'b', 'c', 'd']);
  });
});
