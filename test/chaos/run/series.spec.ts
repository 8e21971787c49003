import { expect, it } from 'vitest';
import { goodRun } from './good-run.js';
import { seriesOf } from './series.js';

it('counts the requests of each second by outcome', () => {
  const { binMs, bins, outcomes } = seriesOf(goodRun());
  expect([binMs, bins]).toEqual([1000, 40]);
  expect(outcomes.orders[10]).toMatchObject({ proxied: 10, fallback: 0 });
  expect(outcomes.orders[20]).toMatchObject({ proxied: 5, fallback: 5 });
  expect(outcomes.cached[25]).toMatchObject({ cached: 10 });
});

it('has p50 and p99 of what the service answered, and a gap while it is away', () => {
  const run = goodRun();
  const requests = run.requests.map((each, i) =>
    each.flow === 'users' && i % 50 === 0 ? { ...each, ms: 90 } : each,
  );
  const { latencies } = seriesOf({ ...run, requests });
  expect(latencies.users[3]).toEqual({ p50: 50, p99: 90 });
  expect(latencies.orders[25]).toEqual({});
});

it('has at most 240 bins however long the run', () => {
  const { binMs, bins } = seriesOf({ ...goodRun(), measured: { from: 0, to: 1_800_000 } });
  expect([binMs, bins]).toEqual([8000, 225]);
});
