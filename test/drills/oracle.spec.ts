import { describe, expect, it } from 'vitest';
import { judge } from './oracle.js';
import type { Arrival, ClientRecord, Held, Recording, Transition } from './recording.js';
import type { Fault, UpstreamKeys } from './scenario.js';

const HELD: Held = { calls: 0, inFlight: 0, queued: 0, sockets: 5, timers: 1, objects: 0, heapMiB: 40 };
const KEY = '/a/plain/0?ms=5&bytes=500&over=0';
const STORED = '/a/cached/0?ms=5&bytes=500&over=0&store';

/** A request that got its response 10 ms after it was sent. */
function request(id: string, keys: Partial<ClientRecord> = {}): ClientRecord {
  const { sentAt = 0, key = KEY, method = 'GET', user } = keys;
  return {
    id,
    kind: 'get',
    service: 'a',
    method,
    key,
    uploaded: 0,
    sentAt,
    headAt: sentAt + 10,
    endAt: sentAt + 10,
    status: 200,
    end: 'whole',
    bytes: 500,
    tag: { serial: `a/0/${id}`, key, user, bytes: 500, received: 0 },
    ...keys,
  };
}

/** The call of that request, as its target saw it. */
function arrival(id: string, keys: Partial<Arrival> = {}): Arrival {
  const { at = 1, key = KEY } = keys;
  return {
    serial: `a/0/${id}`,
    id,
    service: 'a',
    target: 0,
    method: 'GET',
    key,
    at,
    headAt: at + 5,
    endAt: at + 6,
    status: 200,
    end: 'whole',
    ...keys,
  };
}

interface Given {
  readonly requests?: readonly ClientRecord[];
  readonly arrivals?: readonly Arrival[];
  readonly transitions?: readonly Transition[];
  readonly faults?: readonly Fault[];
  readonly config?: UpstreamKeys;
  readonly targets?: number;
  readonly after?: Partial<Held>;
  readonly answeredAt?: number;
}

/** @returns the invariants that a recording violates */
function violated(given: Given): string[] {
  const {
    requests = [],
    arrivals = [],
    transitions = [],
    faults = [],
    config = {},
    targets = 1,
    after,
  } = given;
  const recording: Recording = {
    scenario: { name: 'spec', services: [{ id: 'a', targets, config }], faults, clients: [] },
    startedAt: 0,
    requests,
    arrivals,
    transitions,
    faults: faults.map((fault) => ({ fault, from: fault.at, to: fault.at + fault.for })),
    stalls: [],
    recoveries: [
      { service: 'a', wellAt: 50_000, answeredAt: 'answeredAt' in given ? given.answeredAt : 50_010 },
    ],
    rest: { before: HELD, after: { ...HELD, ...after } },
  };
  return judge(recording).map(({ invariant }) => invariant);
}

const opens = (reason: string, at: number): Transition => ({
  service: 'a',
  from: 'closed',
  to: 'open',
  reason,
  at,
});
const freeze = (target: number, at: number): Fault => ({
  kind: 'freeze',
  service: 'a',
  target,
  at,
  for: 4_000,
});
const refused = { status: 503, code: 'breaker_open', tag: undefined } as const;
const timedOut = {
  status: 504,
  code: 'upstream_timeout',
  tag: undefined,
  headAt: 3_000,
  endAt: 3_000,
} as const;
const many = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n));

it('a recording of requests that were answered violates nothing', () => {
  expect(
    violated({
      requests: [request('1'), request('2', { key: STORED, kind: 'cached' }), request('3', { end: 'left' })],
      arrivals: [arrival('1'), arrival('2', { key: STORED }), arrival('3', { end: 'gone' })],
    }),
  ).toEqual([]);
});

describe('is answered', () => {
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
    expect(violated({ ...given, config: { retry: { attempts: 0 } } })).toEqual(['is sent once']);
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

describe('has its own bytes', () => {
  it.each([
    ['another request', { id: '2' }, {}],
    ['another path', {}, { key: '/a/plain/1' }],
    ['another user', {}, { user: 'user-1' }],
  ])('is violated by the response to %s', (_, ofArrival, ofTag) => {
    const { tag, ...rest } = request('1');
    const requests = [{ ...rest, tag: { ...tag!, ...ofTag } }];
    const [call] = [arrival('1', { ...ofArrival, ...ofTag })];
    expect(violated({ requests, arrivals: [call] })).toContain('has its own bytes');
  });

  it('is violated by a part of a body that looks whole', () => {
    expect(violated({ requests: [request('1', { bytes: 250 })] })).toEqual(['has its own bytes']);
    expect(
      violated({ requests: [request('1', { bytes: 250, end: 'cut' })], faults: [freeze(0, 0)] }),
    ).toEqual([]);
  });

  it('is violated by a part of a request body that looks whole', () => {
    expect(violated({ requests: [request('1', { method: 'PUT', uploaded: 12 })] })).toEqual([
      'has its own bytes',
    ]);
  });

  it('allows the stored response to another request', () => {
    const key = STORED;
    const tag = { serial: 'a/0/1', key, bytes: 500, received: 0 };
    const requests = [
      request('1', { key, kind: 'cached' }),
      request('2', { key, kind: 'cached', tag, sentAt: 100 }),
    ];
    expect(violated({ requests, arrivals: [arrival('1', { key })] })).toEqual([]);
  });
});

describe('makes one call', () => {
  const key = STORED;
  const requests = [request('1', { key, kind: 'cached' }), request('2', { key, kind: 'cached' })];

  it('is violated by two calls at a time for a stored resource', () => {
    const arrivals = [arrival('1', { key, endAt: 500 }), arrival('2', { key, at: 400 })];
    expect(violated({ requests, arrivals })).toEqual(['makes one call']);
  });

  it('is violated by a call while the copy is fresh', () => {
    expect(violated({ requests, arrivals: [arrival('1', { key }), arrival('2', { key, at: 900 })] })).toEqual(
      ['makes one call'],
    );
  });

  it('allows a call for each user, and one after a client has left', () => {
    const left = arrival('1', { key, endAt: 500, end: 'gone' });
    expect(violated({ requests, arrivals: [left, arrival('2', { key, at: 400 })] })).toEqual([]);
    const users = requests.map((each, n) => {
      return { ...each, user: `user-${n}`, tag: { ...each.tag!, user: `user-${n}` } };
    });
    const arrivals = users.map(({ id, user }) => arrival(id, { key, user, endAt: 500 }));
    expect(violated({ requests: users, arrivals })).toEqual([]);
  });
});

describe('releases everything', () => {
  it.each(['calls', 'inFlight', 'queued', 'sockets', 'timers', 'objects'] as const)(
    'is violated by %s',
    (what) => {
      expect(violated({ after: { [what]: HELD[what] + 1 } })).toEqual(['releases everything']);
    },
  );

  it('is violated by a heap that has grown', () => {
    expect(violated({ after: { heapMiB: 90 } })).toEqual(['releases everything']);
  });
});
