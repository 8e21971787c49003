import { LRUCache } from 'lru-cache';
import type { Slot } from './cache-entry.js';

/** Upper bound in bytes of what listing an entry under a scope takes, beside the scope itself. */
const SCOPE = 400;

/**
 * Slots in memory, bounded by bytes: the least recently used ones are evicted. It is synchronous, because a promise for
 * each hit would cost more than the look-up.
 */
export class MemoryStore {
  private slots: LRUCache<string, Slot>;
  private readonly byScope = new Map<string, Set<string>>();

  constructor(private maxBytes: number) {
    this.slots = this.newSlots(maxBytes);
  }

  /** Takes another limit, and evicts what has no room any more. */
  resize(maxBytes: number): void {
    if (maxBytes === this.maxBytes) return;
    this.maxBytes = maxBytes;
    this.replace((slot) => slot);
  }

  /** Puts other slots in the place of all. */
  replace(by: (slot: Slot) => Slot): void {
    const before = this.slots;
    this.slots = this.newSlots(this.maxBytes);
    this.byScope.clear();
    // The least recently used first, so that they are the first to go.
    for (const key of before.rkeys()) {
      const slot = before.peek(key);
      if (slot) this.set(key, by(slot));
    }
  }

  get bytes(): number {
    return this.slots.calculatedSize;
  }

  get(key: string): Slot | undefined {
    return this.slots.get(key);
  }

  set(key: string, slot: Slot): void {
    this.slots.set(key, slot);
    // It was larger than the whole store, and was not taken.
    if (this.slots.peek(key) !== slot) return;
    for (const scope of slot.scopes) {
      const keys = this.byScope.get(scope);
      if (keys) keys.add(key);
      else this.byScope.set(scope, new Set([key]));
    }
  }

  /** @returns how many responses were dropped: none or one */
  delete(key: string): number {
    const isResponse = this.slots.peek(key)?.kind === 'response';
    this.slots.delete(key);
    return isResponse ? 1 : 0;
  }

  /** @returns the keys of a scope, oldest first */
  keysOf(scope: string): ReadonlySet<string> {
    return this.byScope.get(scope) ?? new Set();
  }

  get responses(): number {
    let count = 0;
    for (const { kind } of this.slots.values()) if (kind === 'response') count++;
    return count;
  }

  /** @returns how many responses there were */
  clear(): number {
    const { responses } = this;
    this.slots.clear();
    return responses;
  }

  private newSlots(maxBytes: number): LRUCache<string, Slot> {
    return new LRUCache<string, Slot>({
      maxSize: maxBytes,
      sizeCalculation: ({ bytes, scopes }, key) =>
        bytes + key.length + scopes.reduce((sum, { length }) => sum + length + SCOPE, 0),
      dispose: ({ scopes }, key) => {
        for (const scope of scopes) {
          const keys = this.byScope.get(scope);
          keys?.delete(key);
          if (keys?.size === 0) this.byScope.delete(scope);
        }
      },
    });
  }
}
