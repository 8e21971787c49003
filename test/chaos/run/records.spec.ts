import { describe, expect, it } from 'vitest';
import { outcomeOf, parseRecords } from './records.js';
import type { RequestRecord } from './types.js';

const lines = (...entries: object[]) => entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');

describe('parseRecords', () => {
  it('separates requests from stalls, and sorts requests by their begin', () => {
    const text = lines(
      { flow: 'users', at: 20, ms: 5, status: 200 },
      { stall: true, at: 15, ms: 40 },
      { flow: 'orders', at: 10, ms: 30, status: 200 },
    );
    expect(parseRecords(text)).toEqual({
      requests: [
        { flow: 'orders', at: 10, ms: 30, status: 200 },
        { flow: 'users', at: 20, ms: 5, status: 200 },
      ],
      stalls: [{ at: 15, ms: 40 }],
    });
  });

  it('reports a WebSocket that began and has no end as failed', () => {
    const text = lines(
      { flow: 'websocket', id: 1, at: 1, begin: true },
      { flow: 'websocket', id: 2, at: 2, begin: true },
      { flow: 'websocket', id: 1, at: 1, ms: 1000, status: 101 },
    );
    const { requests } = parseRecords(text);
    expect(requests.map(({ at, status, error }) => [at, status ?? error])).toEqual([
      [1, 101],
      [2, 'ERR_NO_END'],
    ]);
  });
});

describe('outcomeOf', () => {
  it.each<[string, Partial<RequestRecord>, string]>([
    ['a response', { status: 200 }, 'proxied'],
    ['a WebSocket', { status: 101 }, 'proxied'],
    ['a miss', { status: 200, cache: 'Breakwater; fwd=uri-miss' }, 'proxied'],
    ['a hit', { status: 200, cache: 'Breakwater; hit; ttl=3' }, 'cached'],
    ['a stale copy', { status: 200, cache: 'Breakwater; hit; ttl=-9', fallback: 'stale' }, 'stale'],
    ['a fallback response', { status: 503, fallback: 'response' }, 'fallback'],
    ['an open breaker without a fallback', { status: 503 }, 'rejected'],
    ['a timeout at the gateway', { status: 504 }, 'failed'],
    ['a refused token', { status: 401 }, 'failed'],
    ['a body that was cut off', { status: 200, error: 'ECONNRESET' }, 'none'],
    ['no response', { error: 'ECONNREFUSED' }, 'none'],
  ])('of %s', (_, facts, outcome) => {
    expect(outcomeOf({ flow: 'users', at: 0, ms: 1, ...facts })).toBe(outcome);
  });
});
