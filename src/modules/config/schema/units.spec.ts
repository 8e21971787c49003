import { describe, expect, it } from 'vitest';
import { duration, positiveDuration, positiveRatio, positiveSize, size } from './scalars.js';

describe('units in the schema', () => {
  it('are resolved to milliseconds, bytes and ratios', () => {
    expect(positiveDuration().parse('3s')).toBe(3_000);
    expect(positiveSize().parse('16KiB')).toBe(16_384);
    expect(positiveRatio().parse('50%')).toBe(0.5);
  });

  it('accepts zero, with or without a unit, only where it has a meaning', () => {
    expect([duration().parse(0), duration().parse('0'), duration().parse('0s')]).toEqual([0, 0, 0]);
    expect(size().parse(0)).toBe(0);
    for (const zero of [0, '0', '0s']) expect(positiveDuration().safeParse(zero).success).toBe(false);
    for (const zero of [0, '0', '0B']) expect(positiveSize().safeParse(zero).success).toBe(false);
    expect(positiveRatio().safeParse('0%').success).toBe(false);
  });

  it.each([3, 3.5, true, null, '3', ['3s'], { s: 3 }])('refuses %j and names the forms', (written) => {
    const message = 'a duration such as 250ms, 3s, 5m or 1h (above 0, at most 298h)';
    expect(positiveDuration().safeParse(written).error?.issues).toMatchObject([{ message }]);
  });

  it('refuses durations that a timer cannot hold, with jitter added, because it would fire at once', () => {
    expect(positiveDuration().parse('298h')).toBe(1_072_800_000);
    expect(2 * positiveDuration().parse('298h')).toBeLessThan(2 ** 31);
    for (const each of [duration(), positiveDuration()]) expect(each.safeParse('299h').success).toBe(false);
  });
});
