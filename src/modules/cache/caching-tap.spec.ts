import { expect, it } from 'vitest';
import { type Clock, systemClock } from '../../common/clock.js';
import type { CacheEntry } from './cache-entry.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import { CachingTap } from './caching-tap.js';
import type { ResponseCache } from './response-cache.js';

const POLICY: RouteCacheConfig = {
  ttl: 60_000,
  per: 'user',
  override: false,
  staleIfError: 0,
  staleWhileRevalidate: 0,
  staleInsteadOf: [],
};

it('lets those who wait go once the answer can be found, not before', async () => {
  const written = Promise.withResolvers<void>();
  const landings: string[] = [];
  const tap = tapWith(
    { put: () => written.promise, isOutdated: () => false, find: () => undefined },
    landings,
  );
  tap.onHead(200, { 'content-length': '1' });
  expect(tap.isStoring).toBe(false);
  tap.onData(Buffer.from('7'));
  tap.onEnd();
  await turn();
  expect([tap.isStoring, ...landings]).toEqual([true]);
  written.resolve();
  await turn();
  expect(landings).toEqual(['stored']);
});

it('lets them go at once when the answer became void meanwhile', () => {
  const landings: string[] = [];
  const tap = tapWith({ isOutdated: () => true }, landings);
  tap.onHead(200, { 'content-length': '0' });
  tap.onEnd();
  expect(landings).toEqual(['stored']);
});

it('counts the time that the body takes to come in its age (RFC 9111 section 4.2.3)', () => {
  const entries: CacheEntry[] = [];
  let now = 1_000;
  const tap = tapWith(
    {
      put: async (_key, entry) => void entries.push(entry),
      isOutdated: () => false,
      find: () => undefined,
    },
    [],
    { now: () => now, wall: () => now },
  );
  now += 100;
  tap.onHead(200, { 'content-length': '2', age: '7' });
  tap.onData(Buffer.from('7'));
  now += 30_000;
  tap.onData(Buffer.from('8'));
  tap.onEnd();
  expect(entries).toMatchObject([{ storedAt: 31_100, initialAge: 37_100 }]);
});

function tapWith(cache: Partial<ResponseCache>, landings: string[], clock: Clock = systemClock): CachingTap {
  const req = { method: 'GET', headers: {} };
  const head = { authority: 'api.example', host: 'api.example', path: '/users/7', query: '' };
  return new CachingTap({
    // What of them the tap looks at.
    exchange: { req, head } as unknown as Exchange,
    cache: cache as ResponseCache,
    route: 'users',
    key: 'users /users/7',
    policy: POLICY,
    clock,
    maxEntryBytes: 1_000,
    stored: undefined,
    confirmed: () => {
      throw new Error('nothing was stored');
    },
    landed: (as) => landings.push(as),
  });
}

/** All that is due without waiting for anything. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
