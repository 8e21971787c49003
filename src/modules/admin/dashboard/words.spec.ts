import { describe, expect, it } from 'vitest';
import {
  openReport,
  pictureOf,
  refused,
  report,
  START,
  transition,
} from '../../../../test/support/reports.js';
import type { Report } from './wire.js';
import { headline, incidentOf, sinceWords } from './words.js';

const callers = { requests: 0, errors: 0, rejected: 0, overloaded: 0, fallbacks: 0, stale: 0, cached: 0 };

describe('the words for an upstream that is down', () => {
  it('say what, since when, why, what callers get, and what is next', () => {
    const counts = { ...callers, requests: 120, rejected: 118, fallbacks: 118, errors: 2 };
    const orders = openReport('orders', { fallback: { stale: false, status: 503 }, callers: counts });
    const picture = pictureOf([orders], [transition(0, 'orders', {})]);
    expect(incidentOf(picture, orders, START)).toEqual({
      what: 'Breaker open',
      since: START,
      why: ['5 calls in a row failed: connection refused at 10.0.0.7:3001.'],
      callers: [
        '118 of 120 requests got the fallback (status 503)',
        '2 of 120 requests got an error (503: breaker open)',
      ],
      next: 'Next trial in 12 s.',
      advice: 'Check that the service is running and that nothing between blocks the port.',
    });
  });

  it('count down between two reports', () => {
    const orders = openReport('orders');
    const picture = pictureOf([orders]);
    expect(incidentOf(picture, orders, START + 3_400).next).toBe('Next trial in 9 s.');
    expect(incidentOf(picture, orders, START + 30_000).next).toBe(
      'The next request is the trial that decides.',
    );
  });

  it('begin where the breaker opened first, and count the trials that failed', () => {
    const orders = openReport('orders');
    const halfOpen = { from: 'open', to: 'half-open', reason: 'open-elapsed' } as const;
    const failed = { from: 'half-open', to: 'open', reason: 'trial-failed' } as const;
    const picture = pictureOf(
      [orders],
      [transition(-60, 'orders', {}), transition(-30, 'orders', halfOpen), transition(-29, 'orders', failed)],
    );
    const { since, why } = incidentOf(picture, orders, START);
    expect(since).toBe(START - 60_000);
    expect(why[1]).toBe('1 trial failed since then, the last with: connection refused at 10.0.0.7:3001.');
  });

  it('say what a caller would get when there is none', () => {
    const { callers: without } = incidentOf(pictureOf([]), openReport('orders'), START);
    expect(without).toEqual(['No requests in the last 10 s. Callers would get status 503.']);
    const fallback = { stale: true, upstream: 'old' };
    const { callers: replaced } = incidentOf(pictureOf([]), openReport('orders', { fallback }), START);
    expect(replaced).toEqual([
      'No requests in the last 10 s. Callers would get a stale copy, or else the response of old.',
    ]);
  });

  it('tell stale copies from the rest of the fallback', () => {
    const counts = { ...callers, requests: 30, rejected: 30, fallbacks: 20, stale: 10 };
    const orders = openReport('orders', { fallback: { stale: true, status: 200 }, callers: counts });
    expect(incidentOf(pictureOf([orders]), orders, START).callers).toEqual([
      '20 of 30 requests got the fallback (status 200)',
      '10 of 30 requests got a stale copy',
    ]);
  });

  it('name the operator who isolated it, and when that ends', () => {
    const { breaker } = openReport('orders');
    const orders = openReport('orders', { breaker: { ...breaker, isolatedFor: 600, reason: 'manual' } });
    const by = { name: 'alice', peer: '10.0.0.1' };
    const isolate = {
      action: 'breaker.isolate',
      subject: 'orders',
      reason: 'bad release',
      by,
      lasts: 600_000,
    };
    const at = new Date(START).toISOString();
    const action = { kind: 'action', id: 'x.1', at, upstream: 'orders', ...isolate } as const;
    const incident = incidentOf(pictureOf([orders], [action]), orders, START);
    expect(incident.what).toBe('Isolated by an operator');
    expect(incident.why).toEqual([
      'breaker.isolate of orders for 10 min 0 s by alice (10.0.0.1): “bad release”',
    ]);
    expect(incident.next).toBe('The isolation ends in 10 min 0 s, then a trial call decides.');
    expect(incident.advice).toBeUndefined();
  });
});

describe('the words for an upstream that is degraded', () => {
  it('name its targets and why they are not available', () => {
    const targets = [
      { name: 'a:80', state: 'ejected', trialIn: 8, inFlight: 0 },
      { name: 'b:80', state: 'available', inFlight: 0 },
    ] as const;
    const incident = incidentOf(pictureOf([]), report('users', { status: 'degraded', targets }), START);
    expect(incident).toMatchObject({
      what: '1 of 2 targets not available',
      since: undefined,
      why: ['a:80 is ejected, because its calls failed.'],
    });
  });

  it('say since when a target is away, and since when the bulkhead is full', () => {
    const at = (seconds: number) => ({
      id: `x.${seconds}`,
      at: new Date(START + seconds * 1_000).toISOString(),
    });
    const moved = { kind: 'target', upstream: 'users', target: 'a:80' } as const;
    const events = [
      { ...moved, ...at(1), from: 'available', to: 'ejected' },
      { ...moved, ...at(2), from: 'ejected', to: 'available' },
      { kind: 'overload', ...at(3), upstream: 'users', isOver: false, rejected: 2 },
      { ...moved, ...at(4), from: 'available', to: 'ejected' },
    ] as const;
    const since = (changes: Partial<Report>) => {
      const users = report('users', { status: 'degraded', ...changes });
      const { what, since: began = 0 } = incidentOf(pictureOf([users], events), users, START);
      return [what, (began - START) / 1_000];
    };
    const targets = [
      { name: 'a:80', state: 'ejected', inFlight: 0 },
      { name: 'b:80', state: 'available', inFlight: 0 },
    ] as const;
    const full = { ...callers, requests: 9, errors: 5, overloaded: 5 };
    expect(since({ targets })).toEqual(['1 of 2 targets not available', 4]);
    expect(since({ callers: full })).toEqual(['Bulkhead full', 3]);
    expect(since({ callers: full, targets })).toEqual(['1 of 2 targets not available', 3]);
  });

  it('tell errors and their cause', () => {
    const { breaker } = report('users');
    const degraded = report('users', {
      status: 'degraded',
      breaker: { ...breaker, lastFailures: [refused(0)] },
      callers: { ...callers, requests: 10, errors: 1 },
    });
    expect(incidentOf(pictureOf([]), degraded, START)).toMatchObject({
      what: 'Some callers get errors',
      why: ['Latest failures: connection refused at 10.0.0.7:3001.'],
      callers: ['1 of 10 requests got an error', '9 of 10 requests got the response of the service'],
    });
  });
});

it.each([
  [[], 'No upstream is configured.'],
  [[report('a'), report('b')], 'All 2 upstreams are OK.'],
  [[report('a'), openReport('b'), report('c', { status: 'degraded' })], '1 down, 1 degraded of 3 upstreams.'],
])('the headline tells the whole: %#', (upstreams, words) => {
  expect(headline(pictureOf(upstreams))).toBe(words);
});

it('says since when with the time that has passed', () => {
  expect(sinceWords(START, START + 250_000)).toMatch(/^since \d\d:\d\d:\d\d \(4 min 10 s\)$/);
});
