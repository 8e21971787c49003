import type { Clock } from '../clock.js';

const PER_DOUBLING = 8;
/** Up to about 17 minutes. */
const BUCKETS = 20 * PER_DOUBLING;

/**
 * Recent durations, to a tenth of each. A sample costs a logarithm, a quantile one walk over the buckets, and nothing is
 * sorted. There are two halves, of which the older is dropped, so that it covers between half and all of the window.
 */
export class RollingHistogram {
  private newer = new Uint32Array(BUCKETS);
  private older = new Uint32Array(BUCKETS);
  private newerCount = 0;
  private olderCount = 0;
  private since: number;

  /** @param options what it covers, at most: `window` in milliseconds, and a number of samples */
  constructor(
    private readonly options: { readonly window: number; readonly samples: number },
    private readonly clock: Clock,
  ) {
    this.since = clock.now();
  }

  /** Number of samples. */
  get count(): number {
    this.rotate();
    return this.newerCount + this.olderCount;
  }

  record(ms: number): void {
    this.rotate();
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log2(ms) * PER_DOUBLING)));
    this.newer[bucket] = (this.newer[bucket] ?? 0) + 1;
    this.newerCount++;
  }

  /**
   * @param q 0..1
   * @returns milliseconds that this share of the samples did not exceed, 0 without a sample
   */
  quantile(q: number): number {
    const { count } = this;
    let left = Math.ceil(q * count);
    for (let bucket = 0; left > 0; bucket++) {
      left -= (this.newer[bucket] ?? 0) + (this.older[bucket] ?? 0);
      if (left <= 0) return 2 ** (bucket / PER_DOUBLING);
    }
    return 0;
  }

  private rotate(): void {
    const { window, samples } = this.options;
    const age = this.clock.now() - this.since;
    if (age < window / 2 && this.newerCount < samples / 2) return;
    [this.older, this.newer] = [this.newer, this.older.fill(0)];
    this.olderCount = this.newerCount;
    this.newerCount = 0;
    if (age >= window) {
      this.older.fill(0);
      this.olderCount = 0;
    }
    this.since = this.clock.now();
  }
}
