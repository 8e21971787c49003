import { describe, expect, it } from 'vitest';
import { RetryBudget } from './retry-budget.js';

function setUp(calls: number) {
  const time = { now: 0 };
  const budget = new RetryBudget(0.2, { now: () => time.now, wall: () => time.now });
  for (let i = 0; i < calls; i++) budget.recordCall();
  const granted = (tries: number) =>
    Array.from({ length: tries }, () => budget.acquire()).filter(Boolean).length;
  return { time, granted };
}

describe('RetryBudget', () => {
  it('always allows three retries', () => {
    expect(setUp(0).granted(10)).toBe(3);
  });

  it('allows a share of the calls, however fast they end', () => {
    expect(setUp(100).granted(100)).toBe(20);
    expect(setUp(99).granted(100)).toBe(19);
  });

  it('forgets calls and retries after ten seconds', () => {
    const { time, granted } = setUp(100);
    expect(granted(100)).toBe(20);
    time.now = 10_000;
    expect(granted(100)).toBe(3);
  });
});
