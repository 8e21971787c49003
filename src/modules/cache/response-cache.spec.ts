import { expect, it } from 'vitest';
import { systemClock } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import { ConfigStore } from '../config/config.store.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import type { CacheEntry, VariantIndex } from './cache-entry.js';
import { NOTHING_ASKED } from './directives.js';
import { ResponseCache } from './response-cache.js';
import { reuse, usableOnError } from './reuse.js';
import type { Generations } from './shared/generations.js';
import type { InvalidationChannel } from './shared/invalidation-channel.js';
import type { RedisStore, SharedRead } from './shared/redis-store.js';
import { variantFor } from './vary.js';

const KEY = '5:users11:api.example1:-0:8:/users/7';
const GENERATIONS: Generations = {
  all: 'all',
  any: null,
  route: null,
  key: null,
  resource: 'resource',
  readAt: 0,
};
const INDEX: VariantIndex = {
  kind: 'variants',
  fields: ['accept-language'],
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
  isForAll: false,
  noCache: false,
  mustRevalidate: false,
  staleIfError: 0,
  staleWhileRevalidate: 0,
  keepFor: 1e12,
};

it('brings what it reads into memory, and stores an answer with the generations that it read', async () => {
  const { cache, written } = cacheOver([
    [KEY, INDEX],
    [`${variantFor(INDEX.fields, asking())} ${KEY}`, ENTRY],
  ]);
  const exchange = asking();
  const found = await cache.read(KEY, exchange);
  expect(found?.entry).toBe(ENTRY);
  expect(cache.find(KEY, exchange)).toEqual(found);
  cache.put(KEY, ENTRY, INDEX.fields, exchange);
  expect(written).toEqual([GENERATIONS, GENERATIONS]);
});

it('does not use what was invalidated while it was read', async () => {
  const { cache } = cacheOver([[KEY, ENTRY]]);
  const exchange = asking();
  const reading = cache.read(KEY, exchange);
  cache.invalidate({ origin: 'api.example', target: '/users/7' });
  const nothing = { entry: undefined, name: KEY, hasVariants: false };
  expect([await reading, cache.find(KEY, exchange)]).toEqual([nothing, nothing]);
});

it('keeps what may have been invalidated for errors of the upstream only', () => {
  const { cache, doubted } = cacheOver([]);
  const exchange = asking();
  const entry = {
    ...ENTRY,
    storedAt: systemClock.now() - 1_000,
    staleIfError: 60_000,
    staleWhileRevalidate: 1e9,
  };
  cache.put(KEY, entry, [], exchange);
  doubted.emit();
  const kept = cache.find(KEY, exchange).entry;
  const now = systemClock.now();
  expect(kept && reuse(kept, now, NOTHING_ASKED)).toBe('validate');
  expect(kept && usableOnError(kept, now, NOTHING_ASKED)).toBe(true);
  expect(cache.isOutdated({ origin: 'api.example', target: '/users/7' }, entry.storedAt)).toBe(true);
});

it('does not read the shared tier while memory has a fresh entry', () => {
  const { cache } = cacheOver([]);
  const exchange = asking();
  cache.put(KEY, { ...ENTRY, storedAt: systemClock.now() }, [], exchange);
  expect(cache.read(KEY, exchange)).toBeUndefined();
  cache.put(KEY, { ...ENTRY, storedAt: systemClock.now(), lifetime: 0 }, [], exchange);
  expect(cache.read(KEY, exchange)).toBeInstanceOf(Promise);
});

it('does not wait again for a Redis that has not answered the rate limits of the same request', () => {
  const { cache, store } = cacheOver([]);
  const unshared = Object.assign(asking(), { rateLimit: { isUnshared: true } });
  const reads = [true, false].map((isSilent) => {
    Object.assign(store, { isSilent });
    return [unshared, asking()].map((exchange) => cache.read(KEY, exchange) !== undefined);
  });
  // Redis answers again, or has answered that it was full.
  expect(reads).toEqual([
    [false, true],
    [true, true],
  ]);
});

/** @param slots what the shared tier has */
function cacheOver(slots: SharedRead['slots']) {
  const written: Generations[] = [];
  const doubted = new Event<void>();
  const store: Partial<RedisStore> = {
    isConfigured: true,
    isUp: true,
    read: async () => ({ slots, generations: GENERATIONS }),
    write: async (_key, _slot, generations) => void written.push(generations),
  };
  const channel: Partial<InvalidationChannel> = {
    isPublished: () => true,
    publish: () => undefined,
    received: new Event(),
    doubted,
  };
  const config = new ConfigStore({ cache: { maxBytes: 100_000 } } as unknown as GatewayConfig);
  const cache = new ResponseCache(config, systemClock, store as RedisStore, channel as InvalidationChannel);
  return { cache, store, written, doubted };
}

function asking(): Exchange {
  const req = { headers: { 'accept-language': 'en' }, rawHeaders: [] };
  // The cache uses nothing else of it.
  return { req, head: { peerTrusted: false } } as unknown as Exchange;
}
