import { Inject, Injectable } from '@nestjs/common';
import { type Cache, createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { ConfigStore } from '../config/config.store.js';
import type { StoredResponse } from '../routing/exchange.js';
import { memoryStore, type Sized } from './memory-store.js';

/** A response with what decides whether it may still be used. */
export interface CacheEntry extends StoredResponse, Sized {
  /** Monotonic milliseconds. */
  readonly storedAt: number;
  /** Milliseconds it had already spent in other caches. */
  readonly initialAge: number;
  /** Milliseconds from `storedAt` during which it is fresh. */
  readonly freshFor: number;
}

/** Where responses are kept: cache-manager over memory bounded by bytes. It knows no rules. */
@Injectable()
export class ResponseStore {
  private readonly cache: Cache;

  constructor(@Inject(ConfigStore) config: ConfigStore) {
    // Values stay the objects they are: serialising bodies would copy every byte.
    const keyv = new Keyv({ store: memoryStore(config.current.cache.maxBytes), useKeyPrefix: false });
    keyv.serialize = undefined;
    keyv.deserialize = undefined;
    this.cache = createCache({ stores: [keyv] });
  }

  get(key: string): Promise<CacheEntry | undefined> {
    return this.cache.get<CacheEntry>(key);
  }

  async set(key: string, entry: CacheEntry): Promise<void> {
    await this.cache.set(key, entry, Math.ceil(entry.freshFor));
  }
}
