import { type Cache, createCache, KeyvAdapter } from 'cache-manager';
import { Keyv, type KeyvStoreAdapter } from 'keyv';
import type { Clock } from '../../../common/clock.js';
import type { Slot } from '../cache-entry.js';
import type { MemoryStore } from '../memory-store.js';
import { ageOf } from '../reuse.js';
import type { RedisStore, Tiered } from './redis-store.js';

/** May this still be stored? What it was made of may have become void since. */
export type MayStore = (key: string, slot: Slot) => boolean;

/**
 * Memory in front and, where one is configured, Redis behind. A read ends at the first tier that has something to use;
 * writes and deletes go to both. A write is over when the memory has it: nobody waits for Redis.
 */
export function tiersOf(
  memory: MemoryStore,
  redis: RedisStore | undefined,
  clock: Clock,
  mayStore: MayStore,
): Cache {
  const stores = [tier(new MemoryTier(memory, clock, mayStore))];
  if (redis) stores.push(tier(new WrittenBehind(redis)));
  return createCache({ stores });
}

function tier(store: KeyvStoreAdapter): Keyv {
  const keyv = new Keyv({ store, useKeyPrefix: false });
  // Each store has its own form for values.
  keyv.serialize = undefined;
  keyv.deserialize = undefined;
  return keyv;
}

/** The memory as a store of cache-manager. Hits do not come this way: they are looked up at once. */
class MemoryTier implements KeyvStoreAdapter {
  readonly opts: unknown = {};

  constructor(
    private readonly memory: MemoryStore,
    private readonly clock: Clock,
    private readonly mayStore: MayStore,
  ) {}

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the interface has it
  async get<T>(key: string): Promise<{ value: T } | undefined> {
    const slot = this.memory.get(key);
    const isUsable = slot?.kind === 'response' && ageOf(slot, this.clock.now()) < slot.lifetime;
    const tiered: Tiered = { slot };
    // The tiers hold nothing else.
    return isUsable ? { value: tiered as T } : undefined;
  }

  async set(key: string, { value: { slot } }: { value: Tiered }): Promise<void> {
    if (slot && this.mayStore(key, slot)) this.memory.set(key, slot);
  }

  async delete(key: string): Promise<boolean> {
    return this.memory.delete(key);
  }

  async clear(): Promise<void> {
    this.memory.clear();
  }

  on(): this {
    return this;
  }
}

class WrittenBehind extends KeyvAdapter {
  // It neither throws nor has anything to say about a write.
  override async set(...written: Parameters<KeyvAdapter['set']>): Promise<boolean> {
    void super.set(...written);
    return true;
  }
}
