import type { RateLimiter } from './rate-limiter.js';

/** What a shared bucket is like after a request. */
export interface SharedTake {
  readonly isAllowed: boolean;
  readonly tokens: number;
  /** Milliseconds from now, or since then when negative: the next token is there one interval later. */
  readonly refillIn: number;
}

/** Buckets that several processes take from. */
export interface SharedBuckets {
  readonly isUp: boolean;
  /** @returns `undefined` when there is no answer in time */
  take(limiter: RateLimiter, key: string): Promise<SharedTake | undefined>;
}
