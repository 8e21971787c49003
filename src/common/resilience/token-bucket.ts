/** The state of one bucket. Its times are those of whoever counts. */
export interface Bucket {
  /** Whole tokens; what is on its way is in `refillFrom`. */
  tokens: number;
  /** Milliseconds: the next token is there one interval later. */
  refillFrom: number;
}

/**
 * A token bucket for `requests` in each `per`, and `burst` beyond that. A full bucket has `requests + burst` tokens.
 * Tokens come back one by one, at the rate of `requests` in each `per`, and the first of them one `per` after the bucket
 * was last full: a bucket that refilled from the start would let twice the limit through in its first `per`. So less than
 * `t` after the first request, no more than `burst + requests * max(1, t / per)` have passed, rounded up.
 */
export class TokenBucket {
  readonly capacity: number;
  /** Milliseconds between two tokens. */
  readonly interval: number;

  /** @param per milliseconds */
  constructor(
    readonly requests: number,
    readonly per: number,
    readonly burst: number,
  ) {
    this.capacity = requests + burst;
    this.interval = per / requests;
  }

  full(): Bucket {
    return { tokens: this.capacity, refillFrom: 0 };
  }

  /** @returns whether there was a token to take */
  take(bucket: Bucket, now: number): boolean {
    this.refill(bucket, now);
    if (bucket.tokens === 0) return false;
    if (bucket.tokens === this.capacity) bucket.refillFrom = now + this.per - this.interval;
    bucket.tokens--;
    return true;
  }

  /** Brings a bucket up to date. */
  refill(bucket: Bucket, now: number): void {
    const missing = this.capacity - bucket.tokens;
    const come = Math.floor((now - bucket.refillFrom) / this.interval);
    if (come <= 0 || missing === 0) return;
    bucket.tokens += Math.min(come, missing);
    bucket.refillFrom += come * this.interval;
  }

  /** @returns milliseconds until one more token is there, of a bucket that is up to date and not full */
  untilNext({ refillFrom }: Bucket, now: number): number {
    return Math.max(0, refillFrom + this.interval - now);
  }
}
