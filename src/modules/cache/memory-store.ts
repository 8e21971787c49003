import type { KeyvStoreAdapter } from 'keyv';
import { LRUCache } from 'lru-cache';

/** A value that knows how much memory it takes. */
export interface Sized {
  readonly bytes: number;
}

/** cache-manager's store in memory: bounded by bytes, least recently used first out. */
export function memoryStore(maxBytes: number): KeyvStoreAdapter {
  const entries = new LRUCache<string, { value: Sized }>({
    maxSize: maxBytes,
    sizeCalculation: ({ value }, key) => value.bytes + key.length,
  });
  return {
    opts: {},
    get: (key: string) => Promise.resolve(entries.get(key) as never),
    set: (key: string, value: { value: Sized }) => entries.set(key, value),
    delete: (key: string) => Promise.resolve(entries.delete(key)),
    clear: () => Promise.resolve(entries.clear()),
    on() {
      return this;
    },
  };
}
