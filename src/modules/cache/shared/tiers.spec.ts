import { expect, it } from 'vitest';
import { systemClock } from '../../../common/clock.js';
import { MemoryStore } from '../memory-store.js';
import type { CacheEntry } from '../cache-entry.js';
import type { RedisStore, Tiered } from './redis-store.js';
import { type MayStore, tiersOf } from './tiers.js';

const KEY = '5:users11:api.example1:-0:8:/users/7';

it('writes to the memory through cache-manager, reads from there and deletes', async () => {
  const { tiers, memory } = tiersWith();
  const slot = entry();
  await tiers.set<Tiered>(KEY, { slot });
  expect(memory.get(KEY)).toBe(slot);
  expect(await tiers.get<Tiered>(KEY)).toEqual({ slot });
  await tiers.del(KEY);
  expect([memory.get(KEY), await tiers.get<Tiered>(KEY)]).toEqual([undefined, undefined]);
});

it('keeps out of the memory what became void on its way there', async () => {
  const { tiers, memory } = tiersWith({ mayStore: () => false });
  await tiers.set<Tiered>(KEY, { slot: entry() });
  expect(memory.get(KEY)).toBeUndefined();
});

it('does not read what is stale: the tier behind may have a newer one', async () => {
  const { tiers } = tiersWith();
  await tiers.set<Tiered>(KEY, { slot: entry({ lifetime: 0 }) });
  expect(await tiers.get<Tiered>(KEY)).toBeUndefined();
});

it('writes behind to Redis, and waits for the memory alone', async () => {
  const written: unknown[] = [];
  const hanging = {
    set: async (key: string, { value }: { value: Tiered }) => {
      written.push(key, value.slot);
      await new Promise(() => {});
    },
  };
  // Nothing else of it is used here.
  const { tiers, memory } = tiersWith({ redis: hanging as unknown as RedisStore });
  const slot = entry();
  await tiers.set<Tiered>(KEY, { slot });
  expect(memory.get(KEY)).toBe(slot);
  expect(written).toEqual([KEY, slot]);
});

function tiersWith({ mayStore = () => true, redis }: { mayStore?: MayStore; redis?: RedisStore } = {}) {
  const memory = new MemoryStore(100_000);
  return { memory, tiers: tiersOf(memory, redis, systemClock, mayStore) };
}

function entry({ lifetime = 60_000 } = {}): CacheEntry {
  return {
    kind: 'response',
    status: 200,
    headers: {},
    body: Buffer.from('7'),
    bytes: 1_000,
    scopes: [],
    storedAt: systemClock.now(),
    initialAge: 0,
    lifetime,
    noCache: false,
    mustRevalidate: false,
    staleIfError: 0,
    staleWhileRevalidate: 0,
    keepFor: 60_000,
  };
}
