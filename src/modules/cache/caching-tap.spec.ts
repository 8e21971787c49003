import { expect, it } from 'vitest';
import { CancellationSource } from '../../common/cancellation.js';
import { type Clock, systemClock } from '../../common/clock.js';
import type { CacheEntry } from './cache-entry.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import { CachingTap, partTap, ReadAhead, type TapOptions } from './caching-tap.js';
import { NOTHING_ASKED } from './directives.js';
import { EntryWriter } from './entry-writer.js';
import { Flight } from './flights.js';
import type { ResponseCache } from './response-cache.js';
import { reuse } from './reuse.js';

const POLICY: RouteCacheConfig = {
  ttl: 60_000,
  per: 'user',
  override: false,
  heuristic: false,
  staleIfError: 0,
  staleWhileRevalidate: 0,
  staleInsteadOf: [],
};

const NOTHING = { entry: undefined, name: '', hasVariants: false };

it('reports the response as stored when it can be found, not before', () => {
  const log: string[] = [];
  const tap = tapWith({ put: () => log.push('put'), isOutdated: () => false, find: () => NOTHING }, log);
  tap.onHead({ status: 200, headers: { 'content-length': '1' } });
  tap.onData(Buffer.from('7'));
  expect(log).toEqual([]);
  tap.onEnd();
  expect(log).toEqual(['storable', 'put', 'arrived']);
});

it('makes one of those who wait ask again when the response was invalidated meanwhile', () => {
  const log: string[] = [];
  const tap = tapWith({ isOutdated: () => true }, log);
  tap.onHead({ status: 200, headers: { 'content-length': '0' } });
  tap.onEnd();
  expect(log).toEqual(['storable', 'abandoned']);
});

it.each([
  ['too large', 200, { 'content-length': '1001' }, ['unstorable', 'unshared']],
  ['not storable', 200, { 'cache-control': 'no-store' }, ['unstorable', 'unshared']],
  ['to be validated each time', 200, { 'cache-control': 'no-cache', etag: '"1"' }, ['unshared']],
  ['an error', 501, {}, ['abandoned']],
  ['a 304 to the conditions of the client', 304, {}, ['unshared']],
] as const)('reports at the head that a response is %s', (_, status, headers, result) => {
  const log: string[] = [];
  tapWith({}, log).onHead({ status, headers });
  expect(log).toEqual(result);
});

it('counts the time that the body takes to arrive in its age (RFC 9111 section 4.2.3)', () => {
  const entries: CacheEntry[] = [];
  let now = 1_000;
  const tap = tapWith(
    { put: (_key, entry) => entries.push(entry), isOutdated: () => false, find: () => NOTHING },
    [],
    { now: () => now, wall: () => now },
  );
  now += 100;
  tap.onHead({ status: 200, headers: { 'content-length': '2', age: '7' } });
  tap.onData(Buffer.from('7'));
  now += 30_000;
  tap.onData(Buffer.from('8'));
  tap.onEnd();
  expect(entries).toMatchObject([{ storedAt: 31_100, initialAge: 37_100 }]);
});

it('starts a configured lifetime when the body is complete', () => {
  const entries: CacheEntry[] = [];
  let now = 1_000;
  const cache = {
    put: (_key: string, entry: CacheEntry) => void entries.push(entry),
    isOutdated: () => false,
  };
  const tap = tapWith({ ...cache, find: () => NOTHING }, [], { now: () => now, wall: () => now });
  now += 100_000;
  tap.onHead({ status: 200, headers: { 'content-length': '1' } });
  now += 100_000;
  tap.onData(Buffer.from('7'));
  tap.onEnd();
  const [entry] = entries;
  expect(entry && reuse(entry, now + 59_999, NOTHING_ASKED)).toBe('fresh');
  expect(entry && reuse(entry, now + 60_000, NOTHING_ASKED)).toBe('validate');
});

it('counts no time before the request was sent as age', () => {
  const entries: CacheEntry[] = [];
  let now = 1_000;
  const cache = {
    put: (_key: string, entry: CacheEntry) => void entries.push(entry),
    isOutdated: () => false,
  };
  const tap = tapWith({ ...cache, find: () => NOTHING }, [], { now: () => now, wall: () => now });
  now += 100_000;
  tap.onHead({ status: 200, headers: { 'cache-control': 'max-age=60' }, sentAt: now - 500 });
  tap.onEnd();
  expect(entries).toMatchObject([{ initialAge: 500 }]);
});

it.each([
  ['a HEAD', 'HEAD', 200, { 'content-length': '1001' }, ['unstorable']],
  ['a range', 'GET', 206, { 'content-range': 'bytes 0-1/1001' }, ['unstorable']],
  ['a HEAD of a smaller one', 'HEAD', 200, { 'content-length': '1000' }, []],
  ['a range of an unknown length', 'GET', 206, { 'content-range': 'bytes 0-1/*' }, []],
] as const)(
  'learns from the response to %s whether the whole is too large',
  (_, method, status, headers, result) => {
    const log: string[] = [];
    partTap({ ...optionsWith({}, log, systemClock, method), flight: undefined }).onHead({ status, headers });
    expect(log).toEqual(result);
  },
);

function tapWith(fake: Partial<ResponseCache>, log: string[], clock: Clock = systemClock): CachingTap {
  return new CachingTap(optionsWith(fake, log, clock), new ReadAhead(() => 1));
}

function optionsWith(fake: Partial<ResponseCache>, log: string[], clock: Clock, method = 'GET'): TapOptions {
  const req = { method, headers: {} };
  const head = { authority: 'api.example', host: 'api.example', path: '/users/7', query: '' };
  // The tap uses nothing else of the exchange and the cache.
  const config = { cache: { maxEntryBytes: 1_000 } };
  const exchange = { req, head, config } as unknown as Exchange;
  const cache = fake as ResponseCache;
  const flight = new Flight(new Map(), 'users', clock);
  const waiter = { until: Number.POSITIVE_INFINITY, gone: new CancellationSource() };
  void flight.join({
    ...waiter,
    use: (result) => {
      log.push(typeof result === 'object' ? 'arrived' : result);
      return 'alone';
    },
  });
  const lookup = {
    exchange,
    route: 'users',
    key: 'users /users/7',
    policy: POLICY,
    asked: NOTHING_ASKED,
    isPrivate: false,
    hasCredentials: false,
    isCode: false,
  };
  return {
    writer: new EntryWriter(lookup, cache, clock),
    conditions: undefined,
    stale: undefined,
    status: '',
    stored: undefined,
    flight,
    onStorable: (isStorable) => log.push(isStorable ? 'storable' : 'unstorable'),
  };
}
