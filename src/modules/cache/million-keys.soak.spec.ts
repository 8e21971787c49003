import { expect, it } from 'vitest';
import { inUse } from '../../../test/support/memory.js';
import { type CacheEntry, ownBytes, resourceScope, routeScope, sizeOf } from './cache-entry.js';
import { MemoryStore } from './memory-store.js';

const MIB = 1024 * 1024;
const KEYS = 1_000_000;
const HEADERS = { 'content-type': 'application/json' };
const BODY = Buffer.from('x'.repeat(400));

// Seconds where nothing else runs.
it(
  'stays within maxBytes with a million keys, and so does the memory behind it',
  { timeout: 300_000 },
  () => {
    const maxBytes = 16 * MIB;
    const store = new MemoryStore(maxBytes);
    const before = inUse();
    let most = 0;
    // Those that are gone at the end share one body: a million of them would take their time to make.
    for (let i = 0; i < KEYS; i++) {
      const path = `/users/${i}`;
      const body = i < KEYS - 50_000 ? BODY : ownBytes([BODY], BODY.length);
      store.set(`5:users11:api.example1:-0:${path.length}:${path}`, entryOf(path, body));
      most = Math.max(most, store.bytes);
    }
    expect(most).toBeLessThanOrEqual(maxBytes);
    expect(store.bytes).toBeGreaterThan(0.9 * maxBytes);
    expect(inUse() - before).toBeLessThan(1.5 * maxBytes);
    const left = store.keysOf(routeScope('users'));
    expect(left.size).toBe(store.responses);
    for (const key of left) store.delete(key);
    expect([store.bytes, store.responses]).toEqual([0, 0]);
  },
);

it('stays within maxBytes with long paths', () => {
  const maxBytes = 16 * MIB;
  const store = new MemoryStore(maxBytes);
  const before = inUse();
  for (let i = 0; i < 5_000; i++) {
    // Of no other string.
    const path = Buffer.alloc(12_000, `/users/${i}`).toString('latin1');
    const key = `5:users11:api.example1:-0:${path.length}:${path}`;
    store.set(key, entryOf(path, BODY));
  }
  expect(inUse() - before).toBeLessThan(1.5 * maxBytes);
  expect(store.responses).toBeGreaterThan(0);
});

it('keeps no more of the bytes of a body than they are', () => {
  expect(ownBytes([BODY.subarray(0, 3), BODY.subarray(0, 2)], 5).buffer.byteLength).toBe(5);
});

function entryOf(path: string, body: Uint8Array): CacheEntry {
  const headers = { ...HEADERS, etag: path.slice(0, 20) };
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
    isForAll: false,
    noCache: false,
    mustRevalidate: false,
    staleIfError: 0,
    staleWhileRevalidate: 0,
    keepFor: 60_000,
  };
}
