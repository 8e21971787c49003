import { describe, expect, it } from 'vitest';
import { HELD, STORED, request, arrival, violated, freeze } from './given.js';
import type { Fault } from './scenario.js';

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

describe('of a HEAD', () => {
  it('allows no byte of a body', () => {
    const head = (bytes: number) => request('1', { method: 'HEAD', bytes, tag: undefined });
    expect([violated({ requests: [head(0)] }), violated({ requests: [head(500)] })]).toEqual([
      [],
      ['has its own bytes'],
    ]);
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

  it('requires one for each request with credentials that mean something to the upstream alone', () => {
    const judged = request('2', { key, kind: 'judged' });
    const arrivals = [arrival('1', { key }), arrival('2', { key, at: 900 })];
    expect(violated({ requests: [requests[0]!, judged], arrivals })).toEqual([]);
    const shared = { ...judged, tag: requests[0]!.tag! };
    expect(violated({ requests: [requests[0]!, shared], arrivals: arrivals.slice(0, 1) })).toEqual([
      'has its own bytes',
    ]);
  });

  it('allows more while Redis may be away', () => {
    const arrivals = [arrival('1', { key }), arrival('2', { key, at: 900 })];
    const faults: Fault[] = [{ kind: 'redis-kill', at: 0, for: 500 }];
    expect(violated({ requests, arrivals, faults, redis: true })).toEqual([]);
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

describe('drains', () => {
  it.each(['cut', 'hung'] as const)('is violated by a request that was %s', (end) => {
    expect(violated({ drain: { requests: [request('1'), request('2', { end })] } })).toEqual(['drains']);
  });

  it.each([1, 'SIGKILL', 'late'])('is violated by the end of the process: %s', (exit) => {
    expect(violated({ drain: { exit } })).toEqual(['drains']);
  });

  it('allows a refusal, which is an answer', () => {
    const refused = request('1', { status: 503, code: 'bulkhead_full', tag: undefined });
    expect(violated({ drain: { requests: [refused] } })).toEqual([]);
  });
});
