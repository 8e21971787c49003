import { LRUCache } from 'lru-cache';
import type { Refusal } from '../unavailable.js';

/** Milliseconds. */
const REFUSED_FOR = 10_000;
const MOST_REFUSED = 10_000;

/** Tokens that are not good, so that nobody asks about them again and again; by hash, and bounded. */
export class RefusedTokens {
  private readonly refused = new LRUCache<string, { verdict: Refusal; until: number }>({ max: MOST_REFUSED });

  /** @param now monotonic milliseconds */
  find(key: string, now: number): Refusal | undefined {
    const found = this.refused.get(key);
    return found && now < found.until ? found.verdict : undefined;
  }

  /** @param now monotonic milliseconds */
  add(key: string, verdict: Refusal, now: number): void {
    this.refused.set(key, { verdict, until: now + REFUSED_FOR });
  }
}
