import { type Cache, createCache, KeyvAdapter } from 'cache-manager';
import { Keyv, type KeyvStoreAdapter } from 'keyv';
import type { Clock } from '../../../common/clock.js';
import type { MemoryStore } from '../memory-store.js';
import { ageOf } from '../reuse.js';
import type { RedisStore, Tiered } from './redis-store.js';

/**
 * Memory in front and, where one is configured, Redis behind. A read ends at the first tier that has something to use;
 * deletes go to both. The memory is written before, since here it would be a turn too late; a write goes to Redis.
 */
export function tiersOf(memory: MemoryStore, redis: RedisStore | undefined, clock: Clock): Cache {
  const stores = [tier(new MemoryTier(memory, clock))];
  if (redis) stores.push(tier(new KeyvAdapter(redis)));
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
  ) {}

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the interface has it
  async get<T>(key: string): Promise<{ value: T } | undefined> {
    const slot = this.memory.get(key);
    const isUsable = slot?.kind === 'response' && ageOf(slot, this.clock.now()) < slot.lifetime;
    const tiered: Tiered = { slot };
    // The tiers hold nothing else.
    return isUsable ? { value: tiered as T } : undefined;
  }

  /** It is there already: those who wait for an answer look as soon as it is complete. */
  async set(): Promise<void> {}

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
