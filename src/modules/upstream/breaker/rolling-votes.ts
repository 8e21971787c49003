import type { Clock } from '../../../common/clock.js';

const BUCKETS = 10;

/** Votes of the last while, forgotten a tenth of it at a time. A vote costs the same however many there are. */
export class RollingVotes {
  /** Of the whole window, as of the last vote. */
  total = 0;
  /** How many of them were failures. */
  failures = 0;
  private readonly totals = new Uint32Array(BUCKETS);
  private readonly failed = new Uint32Array(BUCKETS);
  private readonly bucketMs: number;
  /** Where votes of now are counted. */
  private at = 0;
  private startedAt: number;

  /** @param windowMs milliseconds that a vote counts, at most */
  constructor(
    windowMs: number,
    private readonly clock: Clock,
  ) {
    this.bucketMs = windowMs / BUCKETS;
    this.startedAt = clock.now();
  }

  add(isFailure: boolean): void {
    this.rotate();
    this.total++;
    this.totals[this.at] = (this.totals[this.at] ?? 0) + 1;
    if (!isFailure) return;
    this.failures++;
    this.failed[this.at] = (this.failed[this.at] ?? 0) + 1;
  }

  clear(): void {
    this.totals.fill(0);
    this.failed.fill(0);
    this.total = 0;
    this.failures = 0;
  }

  /** Done at each vote, so that an idle upstream costs no timer. */
  private rotate(): void {
    const passed = Math.floor((this.clock.now() - this.startedAt) / this.bucketMs);
    if (passed <= 0) return;
    this.startedAt += passed * this.bucketMs;
    for (let i = Math.min(passed, BUCKETS); i > 0; i--) {
      this.at = (this.at + 1) % BUCKETS;
      this.total -= this.totals[this.at] ?? 0;
      this.failures -= this.failed[this.at] ?? 0;
      this.totals[this.at] = 0;
      this.failed[this.at] = 0;
    }
  }
}
