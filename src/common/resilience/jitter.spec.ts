import { describe, expect, it } from 'vitest';
import { LONGEST_TIMER_MS } from '../units.js';
import { jittered } from './jitter.js';

describe('jittered', () => {
  it('spreads a pause to either side', () => {
    expect([0, 0.5, 1].map((random) => jittered(1000, 0.1, random))).toEqual([900, 1000, 1100]);
  });

  it('is never more than a timer takes', () => {
    expect(jittered(LONGEST_TIMER_MS, 0.1, 0.9)).toBe(LONGEST_TIMER_MS);
    expect(jittered(LONGEST_TIMER_MS, 0.1, 0)).toBeLessThan(LONGEST_TIMER_MS);
  });
});
