import { describe, expect, it } from 'vitest';
import { bucketOf } from './latency-buckets.js';
import { RouteCounts } from './route-counts.js';
import { RouteHistory, topOf } from './route-history.js';

const START = 1_800_000_000;
const QUARTER = 900;

/** One sample with requests of a route. */
function sample(route: string, requests: number, { errors = 0, ms = 10 } = {}) {
  const counts = new RouteCounts();
  for (let i = 0; i < requests; i++) counts.add(route, i < errors, bucketOf(ms));
  return counts.take();
}

describe('RouteHistory', () => {
  it('sums the requests and errors of the last seconds, those of all processes', () => {
    const history = new RouteHistory();
    history.add(START, sample('users', 5, { errors: 2 }));
    history.add(START, sample('users', 5));
    history.add(START + 60, sample('users', 1, { ms: 1_000 }));
    history.add(START + 60, sample('orders', 3));
    const recent = history
      .read(START + 60, 30)
      .routes.map(({ route, requests, errors }) => [route, requests, errors]);
    expect(recent).toEqual([
      ['users', 1, 0],
      ['orders', 3, 0],
    ]);
    expect(history.read(START + 60, QUARTER).routes[0]).toMatchObject({ requests: 11, errors: 2, p95: 1020 });
  });

  it('has the percentile of the last two minutes only', () => {
    const history = new RouteHistory();
    history.add(START, sample('users', 100, { ms: 1_000 }));
    expect(history.read(START + 61, QUARTER).routes).toMatchObject([{ p95: 1020 }]);
    expect(history.read(START + 121, QUARTER).routes).toEqual([{ route: 'users', requests: 100, errors: 0 }]);
    history.add(START + 180, sample('users', 1));
    expect(history.read(START + 180, QUARTER).routes).toMatchObject([{ requests: 101, p95: 11.3 }]);
  });

  it('keeps 15 minutes, and forgets routes without requests after them', () => {
    const history = new RouteHistory();
    for (let i = 0; i < QUARTER + 100; i++) history.add(START + i, sample('users', 1));
    const now = START + QUARTER + 99;
    expect(history.read(now, 10 * QUARTER).routes[0]?.requests).toBe(QUARTER);
    history.add(now + QUARTER + 10, sample('orders', 1));
    expect(history.read(now, 10 * QUARTER).routes).toEqual([]);
    expect(history.read(now + QUARTER + 10, QUARTER).routes).toMatchObject([{ route: 'orders' }]);
  });

  it('takes late samples, and ignores those that are too late', () => {
    const history = new RouteHistory();
    history.add(START, sample('users', 1));
    history.add(START - 130, sample('users', 1, { ms: 1_000 }));
    history.add(START - QUARTER, sample('users', 1));
    expect(history.read(START, 10 * QUARTER).routes).toMatchObject([{ requests: 2, p95: 11.3 }]);
  });

  it('orders routes by what is asked for, and then by requests', () => {
    const history = new RouteHistory();
    history.add(START, sample('busy', 9, { errors: 1 }));
    history.add(START, sample('slow', 2, { ms: 5_000, errors: 1 }));
    history.add(START, sample('bad', 3, { errors: 3 }));
    const traffic = history.read(START, 10).routes;
    const names = (by: 'requests' | 'errors' | 'p95', most = 3) =>
      topOf(traffic, by, most).map(({ route }) => route);
    expect(names('requests')).toEqual(['busy', 'bad', 'slow']);
    expect(names('errors')).toEqual(['bad', 'busy', 'slow']);
    expect(names('p95', 1)).toEqual(['slow']);
  });
});

describe('RouteCounts', () => {
  it('has room for as many routes as have requests, and begins anew each time', () => {
    const counts = new RouteCounts();
    const names = Array.from({ length: 1_000 }, (_, i) => `route-${i}`);
    for (const name of names) for (let i = 0; i < 2; i++) counts.add(name, false, undefined);
    const history = new RouteHistory();
    history.add(START, counts.take());
    expect(history.read(START, 10).routes).toEqual(names.map((route) => ({ route, requests: 2, errors: 0 })));
    counts.add('route-999', true, undefined);
    history.add(START, counts.take());
    expect(topOf(history.read(START, 10).routes, 'errors', 1)).toEqual([
      { route: 'route-999', requests: 3, errors: 1 },
    ]);
  });
});
