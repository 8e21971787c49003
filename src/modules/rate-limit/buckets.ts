import type { Bucket, TokenBucket } from '../../common/resilience/token-bucket.js';

/** Keys of one limit that are in memory at a time. */
const MAX_KEYS = 100_000;

/** Buckets that are looked at for each new one. */
const SAMPLE = 4;
/** The same while none can go that is still half full. */
const LARGEST_SAMPLE = 500;

/**
 * The buckets of one limit, by key, within a bound. A bucket that is full again says nothing, so it goes first. When there
 * are too many others, the fullest of a sample goes: a flood of keys with a request each removes buckets of its own, and
 * not those of clients that have used up their limit.
 */
export class Buckets {
  private readonly byKey = new Map<string, Bucket>();
  /** Goes round all buckets, and sees those that are added. */
  private hand = this.byKey.entries();

  constructor(
    private readonly policy: TokenBucket,
    private readonly maxKeys = MAX_KEYS,
  ) {}

  get size(): number {
    return this.byKey.size;
  }

  /** They may have to be refilled. */
  entries(): Iterable<[key: string, bucket: Bucket]> {
    return this.byKey;
  }

  /** @param now monotonic milliseconds */
  of(key: string, now: number): Bucket {
    let bucket = this.byKey.get(key);
    if (!bucket) {
      this.makeRoom(now);
      this.byKey.set(key, (bucket = this.policy.full()));
    }
    return bucket;
  }

  private makeRoom(now: number): void {
    const { capacity } = this.policy;
    let fullest: string | undefined;
    let most = -1;
    let looks = SAMPLE;
    for (let i = 0; i < looks; i++) {
      const next = this.hand.next();
      if (next.done) {
        this.hand = this.byKey.entries();
        continue;
      }
      const [key, bucket] = next.value;
      this.policy.refill(bucket, now);
      if (bucket.tokens === capacity) {
        this.byKey.delete(key);
      } else if (bucket.tokens > most) {
        fullest = key;
        most = bucket.tokens;
      }
      looks = most < capacity / 2 && this.byKey.size >= this.maxKeys ? LARGEST_SAMPLE : SAMPLE;
    }
    if (this.byKey.size >= this.maxKeys && fullest !== undefined) this.byKey.delete(fullest);
  }
}
