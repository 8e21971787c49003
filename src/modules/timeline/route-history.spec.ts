import { describe, expect, it } from 'vitest';
import { bucketOf } from './latency-buckets.js';
import { RouteCounts } from './route-counts.js';
import { RouteHistory, type RouteOrder } from './route-history.js';

const START = 1_800_000_000;
const QUARTER = 900;

/** One sample with requests of a route. */
function sample(route: string, requests: number, { errors = 0, ms = 10 } = {}) {
  const counts = new RouteCounts();
  for (let i = 0; i < requests; i++) counts.add(route, i < errors, bucketOf(ms));
  return counts.take();
}

/** The routes with requests, those with the most first. */
const all = (history: RouteHistory, now: number, seconds: number) =>
  history.top(now, seconds, ['requests'], 10_000).routes;

describe('RouteHistory', () => {
  it('sums the requests and errors of the last seconds, those of all processes', () => {
    const history = new RouteHistory();
    history.add(START, sample('users', 5, { errors: 2 }));
    history.add(START, sample('users', 5));
    history.add(START + 60, sample('users', 1, { ms: 1_000 }));
    history.add(START + 60, sample('orders', 3));
    const recent = all(history, START + 60, 30).map(({ route, requests, errors }) => [
      route,
      requests,
      errors,
    ]);
    expect(recent).toEqual([
      ['orders', 3, 0],
      ['users', 1, 0],
    ]);
    expect(all(history, START + 60, QUARTER)[0]).toMatchObject({ requests: 11, errors: 2, p95: 1020 });
  });

  it('has the percentile of the last two minutes only', () => {
    const history = new RouteHistory();
    history.add(START, sample('users', 100, { ms: 1_000 }));
    expect(all(history, START + 61, QUARTER)).toMatchObject([{ p95: 1020 }]);
    expect(all(history, START + 121, QUARTER)).toEqual([{ route: 'users', requests: 100, errors: 0 }]);
    history.add(START + 180, sample('users', 1));
    expect(all(history, START + 180, QUARTER)).toMatchObject([{ requests: 101, p95: 11.3 }]);
  });

  it('keeps 15 minutes, and forgets routes without requests after them', () => {
    const history = new RouteHistory();
    for (let i = 0; i < QUARTER + 100; i++) history.add(START + i, sample('users', 1));
    const now = START + QUARTER + 99;
    expect(all(history, now, 10 * QUARTER)[0]?.requests).toBe(QUARTER);
    history.add(now + QUARTER + 10, sample('orders', 1));
    expect(all(history, now, 10 * QUARTER)).toEqual([]);
    expect(all(history, now + QUARTER + 10, QUARTER)).toMatchObject([{ route: 'orders' }]);
  });

  it('takes late samples, and ignores those that are too late', () => {
    const history = new RouteHistory();
    history.add(START, sample('users', 1));
    history.add(START - 130, sample('users', 1, { ms: 1_000 }));
    history.add(START - QUARTER, sample('users', 1));
    expect(all(history, START, 10 * QUARTER)).toMatchObject([{ requests: 2, p95: 11.3 }]);
  });

  it('goes on after a clock that was two hours ahead for one sample', () => {
    const history = new RouteHistory();
    history.add(START, sample('users', 1));
    history.add(START + 7_200, sample('users', 1));
    history.add(START + 7_200, sample('orders', 1));
    for (let i = 1; i <= 3; i++) history.add(START + i, sample('users', 1));
    expect(all(history, START + 3, QUARTER)).toMatchObject([{ route: 'users', requests: 3, p95: 11.3 }]);
    history.add(START + QUARTER + 20, sample('orders', 1));
    expect(all(history, START + QUARTER + 20, QUARTER)).toMatchObject([{ route: 'orders', requests: 1 }]);
  });

  it('orders routes by what is asked for, and then by requests', () => {
    const history = new RouteHistory();
    history.add(START, sample('busy', 9, { errors: 1 }));
    history.add(START, sample('slow', 2, { ms: 5_000, errors: 1 }));
    history.add(START, sample('bad', 3, { errors: 3 }));
    const names = (orders: readonly RouteOrder[], most = 3) =>
      history.top(START, 10, orders, most).routes.map(({ route }) => route);
    expect(names(['requests'])).toEqual(['busy', 'bad', 'slow']);
    expect(names(['errors'])).toEqual(['bad', 'busy', 'slow']);
    expect(names(['p95'], 1)).toEqual(['slow']);
    expect(names(['errors', 'requests'], 1)).toEqual(['bad', 'busy']);
    expect(names(['errors', 'requests'], 2)).toEqual(['bad', 'busy']);
  });
});

describe('RouteCounts', () => {
  it('has room for as many routes as have requests, and begins anew each time', () => {
    const counts = new RouteCounts();
    const names = Array.from({ length: 1_000 }, (_, i) => `route-${i}`);
    for (const name of names) for (let i = 0; i < 2; i++) counts.add(name, false, undefined);
    const history = new RouteHistory();
    history.add(START, counts.take());
    expect(all(history, START, 10)).toEqual(names.map((route) => ({ route, requests: 2, errors: 0 })));
    counts.add('route-999', true, undefined);
    history.add(START, counts.take());
    expect(history.top(START, 10, ['errors'], 1).routes).toEqual([
      { route: 'route-999', requests: 3, errors: 1 },
    ]);
  });
});
