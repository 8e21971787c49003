import { describe, expect, it } from 'vitest';
import { arrival, freeze, many, opens, refused, request, STORED, timedOut, violated } from './given.js';
import type { Fault } from './scenario.js';

it('a recording of requests that were answered violates nothing', () => {
  expect(
    violated({
      requests: [request('1'), request('2', { key: STORED, kind: 'cached' }), request('3', { end: 'left' })],
      arrivals: [arrival('1'), arrival('2', { key: STORED }), arrival('3', { end: 'gone' })],
    }),
  ).toEqual([]);
});

describe('is answered', () => {
  it.each([
    ['is violated by a WebSocket that is refused beside no other', 0, ['is answered']],
    ['allows one to be refused beside two that are going to be open', 2, []],
  ])('%s', (_, others, expected) => {
    const open = many(others, (n) => request(`${n}`, { kind: 'socket', headAt: 500, endAt: 900 }));
    const full = { status: 503, code: 'bulkhead_full', tag: undefined } as const;
    const requests = [...open, request('last', { kind: 'socket', sentAt: 100, ...full })];
    const config = { bulkhead: { concurrent: 100, queue: 10, streams: 2 } };
    expect(violated({ requests, config })).toEqual(expected);
  });

  it('is violated by an error of the gateway for a request to a service that was well', () => {
    expect(violated({ requests: [request('1', timedOut)] })).toEqual(['is answered']);
  });

  it('is violated by a response of a service that was well and was cut off', () => {
    expect(violated({ requests: [request('1', { end: 'cut' })] })).toEqual(['is answered']);
  });

  it('allows an error while the service had a fault', () => {
    expect(violated({ requests: [request('1', timedOut)], faults: [freeze(0, 500)] })).toEqual([]);
  });

  it('is violated by an error long after a fault, but not while its breaker is not closed', () => {
    const faults = [freeze(0, 500)];
    const requests = [request('1', { ...refused, sentAt: 9_000, code: 'upstream_timeout' })];
    expect(violated({ requests, faults })).toEqual(['is answered']);
    const opened = [opens('health', 4_000)];
    expect(violated({ requests, faults, transitions: opened })).toEqual([]);
  });

  it('allows an error while more calls waited than the bulkhead admits', () => {
    const full = { status: 503, code: 'bulkhead_full', tag: undefined } as const;
    const requests = many(5, (n) => request(String(n), n === 4 ? full : { headAt: 900, endAt: 900 }));
    expect(violated({ requests, config: { bulkhead: { concurrent: 4 } } })).toEqual([]);
    expect(violated({ requests, config: { bulkhead: { concurrent: 40 } } })).toEqual(['is answered']);
  });

  it('does not count open responses as calls that wait', () => {
    const requests = [
      ...many(10, (n) => request(String(n), { endAt: 9_000 })),
      request('x', { sentAt: 100, ...timedOut }),
    ];
    expect(violated({ requests, config: { bulkhead: { concurrent: 4 } } })).toEqual(['is answered']);
  });
});

describe('gets the response', () => {
  it('is violated when a target answered in time and the client got an error', () => {
    const faults = [freeze(1, 0)];
    const given = { requests: [request('1', timedOut)], faults, targets: 2 };
    expect(violated({ ...given, arrivals: [arrival('1')] })).toEqual(['gets the response']);
    expect(violated({ ...given, arrivals: [arrival('1', { headAt: 2_900 })] })).toEqual([]);
  });
});

describe('is tried elsewhere', () => {
  const given = { faults: [freeze(0, 0)], requests: many(9, (n) => request(String(n), timedOut)) };

  it('is violated by requests that failed at one target while another one was well', () => {
    expect(violated({ ...given, targets: 2 })).toEqual(['is tried elsewhere']);
    expect(violated({ ...given, targets: 1 })).toEqual([]);
  });

  it('allows it for what cannot be repeated, and without retries', () => {
    const posts = given.requests.map((each) => ({ ...each, method: 'POST' }));
    expect(violated({ ...given, targets: 2, requests: posts })).toEqual([]);
    const puts = given.requests.map((each) => ({ ...each, method: 'PUT' }));
    expect(violated({ ...given, targets: 2, requests: puts })).toEqual([]);
    const reset = puts.map((each) => ({ ...each, code: 'upstream_reset' }));
    expect(violated({ ...given, targets: 2, requests: reset })).toEqual(['is tried elsewhere']);
    expect(violated({ ...given, targets: 2, config: { retry: { attempts: 0 } } })).toEqual([]);
  });
});

describe('breaker opens', () => {
  it('is violated when fewer requests failed than its rules require', () => {
    const transitions = [opens('consecutive-failures', 3_000)];
    const requests = many(9, (n) => request(String(n)));
    const arrivals = many(9, (n) => arrival(String(n), n < 4 ? { status: 503 } : {}));
    expect(violated({ requests, arrivals, transitions })).toEqual(['breaker opens']);
    const failing = arrivals.map((each) => ({ ...each, status: 503 }));
    expect(violated({ requests, arrivals: failing, transitions })).toEqual([]);
  });

  it('counts against the error rate only what failed within the window', () => {
    const faults = [freeze(0, 0)];
    const requests = many(20, (n) => request(String(n), timedOut));
    expect(violated({ requests, faults, transitions: [opens('error-rate', 3_000)] })).toEqual([]);
    expect(violated({ requests, faults, transitions: [opens('error-rate', 20_000)] })).toEqual([
      'breaker opens',
    ]);
  });

  it('is violated when another target was well and gave responses', () => {
    const requests = many(20, (n) => request(String(n), { ...timedOut, method: 'POST' }));
    const given = {
      requests,
      faults: [freeze(0, 0)],
      targets: 2,
      transitions: [opens('consecutive-failures', 3_000)],
    };
    expect(violated(given)).toEqual([]);
    const arrivals = [arrival('x', { target: 1, at: 2_000 })];
    expect(violated({ ...given, arrivals })).toEqual(['breaker opens']);
  });

  it('is violated by the pause of the gateway', () => {
    const requests = many(20, (n) => request(String(n), timedOut));
    const faults: Fault[] = [{ kind: 'pause', at: 100, for: 2_900 }];
    const arrivals = many(20, (n) => arrival(String(n)));
    const transitions = [opens('consecutive-failures', 3_000)];
    expect(violated({ requests, arrivals, faults, transitions })).toEqual(['breaker opens']);
  });
});

describe('breaker closes', () => {
  it('is violated when a service that is well is not reached', () => {
    expect(violated({ answeredAt: undefined })).toEqual(['breaker closes']);
    expect(violated({ answeredAt: 64_000 })).toEqual(['breaker closes']);
  });

  it('allows the open time of the breaker', () => {
    const given = {
      requests: many(5, (n) => request(String(n), timedOut)),
      faults: [freeze(0, 0)],
      answeredAt: 64_000,
    };
    expect(violated({ ...given, transitions: [opens('consecutive-failures', 3_000)] })).toEqual([]);
  });
});

describe('is sent once', () => {
  it('is violated by a second delivery of a POST', () => {
    const requests = [request('1', { method: 'POST' })];
    const arrivals = [arrival('1'), arrival('1', { serial: 'a/0/other', end: 'reset' })];
    expect(violated({ requests, arrivals })).toEqual(['is sent once']);
    expect(violated({ requests: [request('1')], arrivals })).toEqual([]);
  });

  it('is violated by more deliveries than retries allow', () => {
    const arrivals = many(2, (n) => arrival('1', n === 0 ? {} : { serial: `a/0/${n}`, end: 'reset' }));
    const given = { requests: [request('1')], arrivals };
    const config = { retry: { attempts: 0 } };
    expect(violated({ ...given, config })).toEqual(['is sent once']);
    expect(violated({ ...given, config: { ...config, hedge: { after: 'p95' } } })).toEqual([]);
  });
});

it('retries are few: is violated by twice as many calls as requests', () => {
  const requests = many(30, (n) => request(String(n)));
  const arrivals = (most: number) =>
    many(30 + most, (n) => arrival(String(n % 30), { serial: `a/0/${n}`, id: String(n % 30) }));
  const tags = requests.map((each, n) => ({ ...each, tag: { ...each.tag!, serial: `a/0/${n}` } }));
  expect(violated({ requests: tags, arrivals: arrivals(30) })).toEqual(['retries are few']);
  expect(violated({ requests: tags, arrivals: arrivals(10) })).toEqual([]);
});

it('refused is not sent: is violated by a call for a request that the breaker rejected', () => {
  const given = { requests: [request('1', refused)], faults: [freeze(0, 0)] };
  expect(violated({ ...given, arrivals: [arrival('1')] })).toEqual(['refused is not sent']);
  expect(violated(given)).toEqual([]);
});

describe('is in time', () => {
  const late = { ...timedOut, headAt: 20_000, endAt: 20_000 };

  it('is violated by a response after the deadline', () => {
    expect(violated({ requests: [request('1', late)], faults: [freeze(0, 500)] })).toEqual(['is in time']);
  });

  it('is violated by a client that got neither an end nor a disconnect', () => {
    const hung = { ...late, headAt: 1_000, end: 'hung' } as const;
    expect(violated({ requests: [request('1', hung)], faults: [freeze(0, 500)] })).toEqual(['is in time']);
  });

  it('allows the time in which the gateway was paused', () => {
    const faults: Fault[] = [freeze(0, 500), { kind: 'pause', at: 100, for: 2_000 }];
    expect(violated({ requests: [request('1', late)], faults })).toEqual([]);
  });
});
