import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { ConfigStore } from '../config/config.store.js';
import { parseConfig } from '../config/parse-config.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { RedisSubscriber } from '../redis/redis.subscriber.js';
import type { Exchange } from '../routing/exchange.js';
import { type CacheEntry, ownBytes, resourceScope, routeScope, sizeOf } from './cache-entry.js';
import { ResponseCache } from './response-cache.js';
import { RedisStore } from './shared/redis-store.js';
import { Replicas } from './shared/replicas.js';

const MIB = 1024 * 1024;
const KEYS = 1_000_000;
const HEADERS = { 'content-type': 'application/json' };
const BODY = Buffer.from('x'.repeat(400));

// Seconds where nothing else runs.
it(
  'stays within maxBytes with a million keys, and so does the memory behind it',
  { timeout: 120_000 },
  async () => {
    const maxBytes = 16 * MIB;
    const cache = cacheOf(maxBytes);
    // Without variants nothing of it is read.
    const exchange = {} as Exchange;
    const before = inUse();
    let most = 0;
    // Those that are gone at the end share one body: a million of them would take their time to make.
    for (let i = 0; i < KEYS; i++) {
      const path = `/users/${i}`;
      cache.put(
        `5:users11:api.example1:-0:${path.length}:${path}`,
        entryOf(path, i < KEYS - 50_000 ? BODY : ownBytes([BODY], BODY.length)),
        [],
        exchange,
      );
      most = Math.max(most, cache.bytes);
      // What is written to the tiers behind the memory is written in turns of its own.
      if (i % 1_000 === 0) await setImmediate();
    }
    expect(most).toBeLessThanOrEqual(maxBytes);
    expect(cache.bytes).toBeGreaterThan(0.9 * maxBytes);
    expect(inUse() - before).toBeLessThan(1.5 * maxBytes);
    expect(cache.purge({ by: 'route', route: 'users' })).toBeGreaterThan(5_000);
    expect(cache.bytes).toBe(0);
  },
);

it('keeps no more of the bytes of a body than they are', () => {
  expect(ownBytes([BODY.subarray(0, 3), BODY.subarray(0, 2)], 5).buffer.byteLength).toBe(5);
});

function cacheOf(maxBytes: number): ResponseCache {
  const config = parseConfig(`cache: { maxBytes: ${maxBytes / MIB}MiB }`, {
    file: 'x',
    env: {},
    readFile: () => '',
  });
  if (!config.ok) throw new TypeError('not valid');
  const store = new ConfigStore(config.config);
  const clock = { now: () => 0, wall: () => 0 };
  const redis = new RedisConnection(store);
  const shared = new RedisStore(redis, clock);
  return new ResponseCache(
    store,
    clock,
    redis,
    shared,
    new Replicas(redis, new RedisSubscriber(store), shared),
  );
}

function entryOf(path: string, body: Uint8Array): CacheEntry {
  const headers = { ...HEADERS, etag: path };
  return {
    kind: 'response',
    status: 200,
    headers,
    body,
    bytes: sizeOf(headers, body),
    scopes: [routeScope('users'), resourceScope({ origin: 'api.example', target: path })],
    storedAt: 0,
    initialAge: 0,
    lifetime: 60_000,
    noCache: false,
    mustRevalidate: false,
    staleIfError: 0,
    staleWhileRevalidate: 0,
    keepFor: 60_000,
  };
}

/** @returns bytes that are still reachable */
function inUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // The second one waits until what the first one found is freed.
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
