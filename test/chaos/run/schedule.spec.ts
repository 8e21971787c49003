import { describe, expect, it } from 'vitest';
import { planFaults } from './schedule.js';

const MINUTE = 60_000;

describe('planFaults', () => {
  it('plans the same faults for the same seed, and others for another one', () => {
    const plan = planFaults(7, 0, 10 * MINUTE, true);
    expect(planFaults(7, 0, 10 * MINUTE, true)).toEqual(plan);
    for (const withRedis of [true, false]) {
      const ofServices = (seed: number) =>
        planFaults(seed, 0, 10 * MINUTE, withRedis).filter(({ target }) => target !== 'redis');
      expect(ofServices(8)).not.toEqual(ofServices(7));
    }
  });

  it('plans the same faults of services with and without Redis', () => {
    const withRedis = planFaults(7, 0, 10 * MINUTE, true);
    expect(planFaults(7, 0, 10 * MINUTE, false)).toEqual(
      withRedis.filter(({ target }) => target !== 'redis'),
    );
    expect(withRedis.some(({ target }) => target === 'redis')).toBe(true);
  });

  it.each([1, 2, 3, 4, 5])('kills and freezes orders even in a short run, with seed %i', (seed) => {
    const plan = planFaults(seed, 0, 40_000, false);
    const kinds = plan.filter(({ target }) => target === 'orders').map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['kill', 'freeze']));
  });

  it('stays within its time, and lets one service recover before the next one fails', () => {
    const plan = planFaults(3, 5_000, 30 * MINUTE, true);
    const services = plan.filter(({ target }) => target !== 'redis');
    expect(Math.min(...plan.map(({ at }) => at))).toBeGreaterThanOrEqual(5_000);
    expect(Math.max(...plan.map((fault) => fault.at + fault.for))).toBeLessThanOrEqual(30 * MINUTE);
    const long = Array.from({ length: 50 }, (_, seed) => planFaults(seed, 0, 40_000, true)).flat();
    expect(Math.max(...long.map((fault) => fault.at + fault.for))).toBeLessThanOrEqual(40_000);
    for (const [i, next] of services.slice(1).entries()) {
      expect(next.at - services[i]!.at - services[i]!.for).toBeGreaterThanOrEqual(7_000);
    }
  });

  it('gets to every fault of every service and of Redis in a long run', () => {
    const plan = planFaults(1, 0, 10 * MINUTE, true);
    expect(new Set(plan.map(({ target, kind }) => `${target} ${kind}`)).size).toBe(5 + 5 + 3 + 4);
  });
});
