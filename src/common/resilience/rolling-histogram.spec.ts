import { describe, expect, it } from 'vitest';
import { RollingHistogram } from './rolling-histogram.js';

function setUp(samples = 1_000) {
  const time = { now: 0 };
  const clock = { now: () => time.now, wall: () => 0 };
  return { time, histogram: new RollingHistogram({ window: 10_000, samples }, clock) };
}

describe('RollingHistogram', () => {
  it.each([0.2, 1, 7, 95, 1_234, 60_000])('records %d ms to a tenth', (ms) => {
    const { histogram } = setUp();
    histogram.record(ms);
    const told = histogram.quantile(0.5);
    expect(told).toBeGreaterThanOrEqual(ms);
    expect(told).toBeLessThanOrEqual(Math.max(1, ms * 1.1));
  });

  it('finds quantiles', () => {
    const { histogram } = setUp();
    for (let ms = 1; ms <= 100; ms++) histogram.record(ms);
    for (const q of [0.5, 0.95]) expect(Math.abs(histogram.quantile(q) / (q * 100) - 1)).toBeLessThan(0.1);
    expect(setUp().histogram.quantile(0.95)).toBe(0);
  });

  it('forgets samples older than the window, half by half', () => {
    const { histogram, time } = setUp();
    for (let i = 0; i < 10; i++) histogram.record(1_000);
    time.now = 5_000;
    for (let i = 0; i < 10; i++) histogram.record(10);
    expect([histogram.count, histogram.quantile(1) > 900]).toEqual([20, true]);
    time.now = 10_000;
    expect([histogram.count, histogram.quantile(1) < 20]).toEqual([10, true]);
    time.now = 30_000;
    expect(histogram.count).toBe(0);
  });

  it('forgets samples beyond the maximum number', () => {
    const { histogram } = setUp(100);
    for (let i = 0; i < 50; i++) histogram.record(1_000);
    for (let i = 0; i < 100; i++) histogram.record(10);
    expect([histogram.count <= 100, histogram.quantile(1) < 20]).toEqual([true, true]);
  });
});
