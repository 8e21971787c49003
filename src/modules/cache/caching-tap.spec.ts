import { expect, it } from 'vitest';
import { systemClock } from '../../common/clock.js';
import type { RouteCacheConfig } from '../config/route-config.js';
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

function tapWith(cache: Partial<ResponseCache>, landings: string[]): CachingTap {
  const req = { method: 'GET', headers: {} };
  const head = { authority: 'api.example', host: 'api.example', path: '/users/7', query: '' };
  return new CachingTap({
    // What of them the tap looks at.
    exchange: { req, head } as unknown as Exchange,
    cache: cache as ResponseCache,
    route: 'users',
    key: 'users /users/7',
    policy: POLICY,
    clock: systemClock,
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
