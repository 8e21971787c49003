import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import { configOf } from '../../../test/support/gateway.js';
import { ConfigStore } from '../config/config.store.js';
import type { Exchange } from '../routing/exchange.js';
import type { CacheEntry, VariantIndex } from './cache-entry.js';
import { ResponseCache } from './response-cache.js';
import type { Generations } from './shared/generations.js';
import type { InvalidationChannel } from './shared/invalidation-channel.js';
import type { RedisStore } from './shared/redis-store.js';

const KEY = '5:users11:api.example1:-0:8:/users/7';
const INDEX: VariantIndex = {
  kind: 'variants',
  fields: ['accept-language'],
  generation: '00000000-0000-4000-8000-000000000000',
  bytes: 100,
  storedAt: 0,
  keepFor: 1e12,
  scopes: [],
};
const ENTRY: CacheEntry = {
  kind: 'response',
  status: 200,
  headers: {},
  body: new Uint8Array(),
  bytes: 100,
  scopes: [],
  storedAt: 0,
  initialAge: 0,
  lifetime: 1e12,
  noCache: false,
  mustRevalidate: false,
  staleIfError: 0,
  staleWhileRevalidate: 0,
  keepFor: 1e12,
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('waits for no longer than commandTimeout, however many reads it takes', async () => {
  const { cache, asked } = cacheBehind(40);
  const exchange = asking();
  const settled = vi.fn<(entry: CacheEntry | undefined) => void>();
  void cache.read(KEY, exchange)?.then(settled);
  await vi.advanceTimersByTimeAsync(49);
  expect([asked.length, settled.mock.calls]).toEqual([2, []]);
  await vi.advanceTimersByTimeAsync(1);
  expect(settled.mock.calls).toEqual([[undefined]]);
});

it('leaves no timer behind', async () => {
  const { cache } = cacheBehind(10);
  const found = cache.read(KEY, asking());
  await vi.advanceTimersByTimeAsync(20);
  expect(await found).toMatchObject({ kind: 'response' });
  expect(vi.getTimerCount()).toBe(0);
});

it('stores with generations that were read before the upstream was asked', async () => {
  const { cache, written } = cacheBehind(40);
  const exchange = asking();
  void cache.read(KEY, exchange);
  await vi.advanceTimersByTimeAsync(100);
  cache.put(KEY, ENTRY, INDEX.fields, exchange);
  await vi.advanceTimersByTimeAsync(0);
  expect(written.map(({ all }) => all)).toEqual(['read 1', 'read 1']);
});

it('does not read the shared tier while memory has a fresh entry', () => {
  const { cache, asked } = cacheBehind(10);
  const exchange = asking();
  cache.put(KEY, { ...ENTRY, storedAt: systemClock.now() }, [], exchange);
  expect(cache.read(KEY, exchange)).toBeUndefined();
  cache.put(KEY, { ...ENTRY, storedAt: systemClock.now(), lifetime: 0 }, [], exchange);
  expect(cache.read(KEY, exchange)).toBeDefined();
  expect(asked).toHaveLength(1);
});

/** @param delay milliseconds for each read of the shared tier, of which the first finds the index of variants */
function cacheBehind(delay: number) {
  const asked: string[] = [];
  const written: Generations[] = [];
  const store: Partial<RedisStore> = {
    isUp: true,
    read: async (key) => {
      const n = asked.push(key);
      await new Promise((resolve) => setTimeout(resolve, delay));
      // The cache uses nothing else of them.
      const generations = { all: `read ${n}` } as Generations;
      return { slot: n === 1 ? INDEX : ENTRY, generations };
    },
    write: async (_key, _slot, generations) => void written.push(generations),
  };
  const channel: Partial<InvalidationChannel> = {
    isPublished: () => true,
    received: new Event(),
    missed: new Event(),
  };
  const config = new ConfigStore(
    configOf(`
      redis: { url: "redis://127.0.0.1:1", commandTimeout: 50ms }
      upstreams: { users: { url: "http://127.0.0.1:1" } }
      routes: [{ id: users, match: { path: /** }, upstream: users }]`),
  );
  const cache = new ResponseCache(config, systemClock, store as RedisStore, channel as InvalidationChannel);
  return { cache, asked, written };
}

function asking(): Exchange {
  return { req: { headers: { 'accept-language': 'en' } } } as unknown as Exchange;
}
