import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { expect, it } from 'vitest';
import { systemClock } from '../../common/clock.js';
import type { ConfigStore } from '../config/config.store.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import { Exchange, type ExchangeHead } from '../routing/exchange.js';
import type { CacheEntry, Found } from './cache-entry.js';
import { CacheInterceptor } from './cache.interceptor.js';
import type { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { Invalidator } from './invalidator.js';
import type { ResponseCache } from './response-cache.js';

const POLICY: RouteCacheConfig = {
  ttl: 60_000,
  per: 'public',
  override: false,
  heuristic: false,
  staleIfError: 0,
  staleWhileRevalidate: 0,
  staleInsteadOf: [],
};
const ENTRY: CacheEntry = {
  kind: 'response',
  status: 200,
  headers: {},
  body: new Uint8Array([7]),
  bytes: 1_025,
  scopes: [],
  storedAt: systemClock.now(),
  keepFor: 60_000,
  initialAge: 0,
  lifetime: 60_000,
  isForAll: false,
  noCache: false,
  mustRevalidate: false,
  staleIfError: 0,
  staleWhileRevalidate: 0,
};

it('answers from memory without a promise', () => {
  const interceptor = interceptorWith({ find: () => found(ENTRY) });
  const exchange = asking();
  expect(interceptor.open(exchange, 'users', POLICY)).toBeUndefined();
  expect(exchange.cache).toMatchObject({ kind: 'hit', result: 'hit', response: { status: 200 } });
});

it('looks in the cache once before a miss goes to the upstream when there is no Redis', () => {
  let looked = 0;
  const interceptor = interceptorWith({
    hasSharedTier: false,
    find: () => {
      looked++;
      return found();
    },
    read: () => {
      throw new Error('there is no Redis to read');
    },
  });
  const exchange = asking();
  void interceptor.open(exchange, 'users', POLICY);
  expect([exchange.cache?.kind, looked]).toEqual(['forward', 1]);
});

it('sends one request to the upstream, whose answer serves those who wait', async () => {
  let stored: CacheEntry | undefined;
  const interceptor = interceptorWith({
    find: () => found(stored),
    put: (_key, entry) => void (stored = entry),
  });
  const [first, second] = [asking(), asking()];
  void interceptor.open(first, 'users', POLICY);
  const waiting = interceptor.open(second, 'users', POLICY);
  expect([first.cache?.kind, second.cache]).toEqual(['forward', undefined]);
  first.tap?.onHead({ status: 200, headers: { 'content-length': '1' } });
  first.tap?.onData?.(Buffer.from('7'));
  await turn();
  expect(second.cache).toBeUndefined();
  first.tap?.onEnd?.();
  await waiting;
  expect(second.cache).toMatchObject({ kind: 'hit', status: 'Breakwater; fwd=uri-miss; collapsed' });
});

it.each([
  ['all of them', 'breaker_open', 3],
  ['one of them', 'connect_failed', 1],
] as const)('sends %s to the upstream after %s', async (_, outcome, going) => {
  const interceptor = interceptorWith({ find: () => found() });
  const [first, ...others] = [asking(), asking(), asking(), asking()];
  if (!first) throw new Error('one of four');
  void interceptor.open(first, 'users', POLICY);
  for (const other of others) void interceptor.open(other, 'users', POLICY);
  first.outcome = outcome;
  first.res.emit('close');
  await turn();
  expect(others.filter(({ cache }) => cache)).toHaveLength(going);
  // Nobody is left to wait.
  for (let i = 0; i < 3; i++) {
    for (const { res } of others) res.emit('close');
    await turn();
  }
  expect(others.filter(({ cache }) => cache)).toHaveLength(3);
});

it('revalidates a stale entry from the shared tier in the background', async () => {
  const stale = { ...ENTRY, initialAge: 70_000, staleWhileRevalidate: 60_000 };
  const interceptor = interceptorWith({ find: () => found(), read: async () => found(stale) });
  const [first, second] = [asking(), asking()];
  const opened = interceptor.open(first, 'users', POLICY);
  void interceptor.open(second, 'users', POLICY);
  await opened;
  expect(first.cache).toMatchObject({ kind: 'hit', result: 'stale', refresh: { conditions: [] } });
});

it('shares a call by variant once the shared tier has told that there are variants', async () => {
  let name = 'key';
  const interceptor = interceptorWith({
    find: () => ({ entry: undefined, name, hasVariants: name === 'variant' }),
    read: async () => {
      await turn();
      name = 'variant';
      return { entry: undefined, name, hasVariants: true };
    },
  });
  const [first, second, third] = [asking(), asking(), asking()];
  const opened = interceptor.open(first, 'users', POLICY);
  void interceptor.open(second, 'users', POLICY);
  await opened;
  void interceptor.open(third, 'users', POLICY);
  await turn();
  expect([first, second, third].map(({ cache }) => cache?.kind)).toEqual(['forward', undefined, undefined]);
});

it('changes nothing when it is asked for a stale answer', () => {
  const interceptor = interceptorWith({
    find: () => found({ ...ENTRY, initialAge: 100_000, staleIfError: 60_000 }),
  });
  const exchange = asking();
  void interceptor.open(exchange, 'users', POLICY);
  const before = exchange.cache;
  if (before?.kind !== 'forward') throw new Error('stale');
  expect(before.stale?.(503)).toMatchObject({
    result: 'stale',
    status: 'Breakwater; fwd=stale; fwd-status=503; detail=stale-if-error',
  });
  expect(exchange.cache).toBe(before);
});

function found(entry?: CacheEntry): Found {
  return { entry, name: 'key', hasVariants: false };
}

function interceptorWith(cache: Partial<ResponseCache>): CacheInterceptor {
  const config = { current: { cache: { maxBytes: 10_000, maxEntryBytes: 1_000 } } } as unknown as ConfigStore;
  const whole: Partial<ResponseCache> = {
    hasSharedTier: true,
    read: () => undefined,
    isOutdated: () => false,
    ...cache,
  };
  return new CacheInterceptor(
    whole as ResponseCache,
    {} as Invalidator,
    config,
    systemClock,
    {} as UpstreamRegistry,
  );
}

/** An exchange whose client reads everything. */
function asking(): Exchange {
  const res = Object.assign(new EventEmitter(), { closed: false, writableFinished: true });
  const head = {
    authority: 'api.example',
    host: 'api.example',
    path: '/users/7',
    query: '',
    match: { kind: 'none' },
    config: { cache: { maxEntryBytes: 1_000 } },
  } as unknown as ExchangeHead;
  const req = { method: 'GET', headers: {} } as Request;
  return new Exchange(req, res as unknown as Response, head, 0);
}
