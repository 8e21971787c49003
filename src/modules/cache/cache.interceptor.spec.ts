import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { systemClock } from '../../common/clock.js';
import type { ConfigStore } from '../config/config.store.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import type { CacheEntry } from './cache-entry.js';
import { CacheInterceptor } from './cache.interceptor.js';
import type { Invalidator } from './invalidator.js';
import type { ResponseCache } from './response-cache.js';

const ROUTE = { id: 'users' };
const POLICY: RouteCacheConfig = {
  ttl: 60_000,
  per: 'public',
  override: false,
  staleIfError: 0,
  staleWhileRevalidate: 0,
  staleInsteadOf: [],
};

it('leaves those who wait waiting while the answer is on its way to the store', async () => {
  const written = Promise.withResolvers<void>();
  let stored: CacheEntry | undefined;
  const interceptor = interceptorWith({
    find: () => stored,
    put: async (_key, entry) => {
      await written.promise;
      stored = entry;
    },
  });
  const [first, second] = [asking(), asking()];
  expect(interceptor.open(first, ROUTE, POLICY)).toBeUndefined();
  const waiting = interceptor.open(second, ROUTE, POLICY);
  first.tap?.onHead(200, { 'content-length': '1' });
  first.tap?.onData(Buffer.from('7'));
  first.tap?.onEnd();
  // The client has it all before the store does.
  first.res.emit('close');
  await turn();
  expect(second.tap).toBeUndefined();
  written.resolve();
  await waiting;
  expect(second.stored?.status).toBe(200);
});

it.each([
  ['breaker_open', 'all at once', 3],
  ['connect_failed', 'one by one', 1],
] as const)('lets those who wait go after %s %s', async (outcome, _, going) => {
  const interceptor = interceptorWith({ find: () => undefined });
  const [first, ...others] = [asking(), asking(), asking(), asking()];
  if (!first) throw new Error('one of four');
  void interceptor.open(first, ROUTE, POLICY);
  for (const other of others) void interceptor.open(other, ROUTE, POLICY);
  first.outcome = outcome;
  first.res.emit('close');
  await turn();
  expect(others.filter(({ tap }) => tap)).toHaveLength(going);
  // Nobody is left to wait.
  for (let i = 0; i < 3; i++) {
    for (const { res } of others) res.emit('close');
    await turn();
  }
});

function interceptorWith(cache: Partial<ResponseCache>): CacheInterceptor {
  const config = { current: { cache: { maxEntryBytes: 1_000 } } } as unknown as ConfigStore;
  const whole: Partial<ResponseCache> = {
    nameOf: (key) => key,
    read: () => undefined,
    hasVariants: () => false,
    isOutdated: () => false,
    ...cache,
  };
  return new CacheInterceptor(whole as ResponseCache, {} as Invalidator, config, systemClock);
}

/** What of an exchange is looked at; its client has read all there is. */
function asking(): Exchange {
  const res = Object.assign(new EventEmitter(), { closed: false, writableFinished: true });
  const head = { authority: 'api.example', host: 'api.example', path: '/users/7', query: '' };
  return { req: { method: 'GET', headers: {} }, res, head } as unknown as Exchange;
}
