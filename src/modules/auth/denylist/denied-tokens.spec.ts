import { describe, expect, it } from 'vitest';
import { DeniedTokens } from './denied-tokens.js';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

describe('DeniedTokens', () => {
  it('denies a token until an hour after its end, since clocks may be set back', () => {
    const denied = new DeniedTokens();
    expect(denied.add('a', NOW + 1_000, NOW)).toBe(true);
    denied.add('later', NOW + HOUR, NOW + 1_000 + HOUR - 1);
    expect(denied.has('a')).toBe(true);
    denied.add('latest', NOW + 2 * HOUR, NOW + 1_000 + HOUR + 60_000);
    expect([denied.has('a'), denied.has('later'), denied.size]).toEqual([false, true, 2]);
  });

  it('ignores a token that ended more than an hour ago', () => {
    const denied = new DeniedTokens();
    expect(denied.add('a', NOW - HOUR, NOW)).toBe(false);
    expect(denied.add('b', NOW - HOUR + 1, NOW)).toBe(true);
    expect(denied.size).toBe(1);
  });

  it('keeps the later of two ends, and says what is new', () => {
    const denied = new DeniedTokens();
    expect(denied.add('a', NOW + HOUR, NOW)).toBe(true);
    expect(denied.add('a', NOW, NOW)).toBe(false);
    expect(denied.add('a', NOW + 5 * HOUR, NOW)).toBe(false);
    denied.add('b', NOW + 9 * HOUR, NOW + 5 * HOUR);
    expect(denied.has('a')).toBe(true);
  });

  it('drops the first denied token when it is full', () => {
    const denied = new DeniedTokens(2);
    for (const id of ['a', 'b', 'c']) denied.add(id, NOW + HOUR, NOW);
    expect(['a', 'b', 'c'].filter((id) => denied.has(id))).toEqual(['b', 'c']);
  });
});
