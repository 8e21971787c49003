import type { Clock } from '../clock.js';
import { RollingCount } from './rolling-count.js';

const WINDOW_MS = 10_000;
const ALWAYS_ALLOWED = 3;

/**
 * Limits the retries of an upstream to a share of its calls in the last ten seconds, so that a failing upstream is not
 * also flooded. A share of the active calls would not hold: under fast failures each call could be retried after the one
 * before it. Three retries are always allowed, or an idle gateway could never retry.
 */
export class RetryBudget {
  private readonly calls: RollingCount;
  private readonly retries: RollingCount;

  /** @param share 0..1 */
  constructor(
    private readonly share: number,
    clock: Clock,
  ) {
    this.calls = new RollingCount(WINDOW_MS, clock);
    this.retries = new RollingCount(WINDOW_MS, clock);
  }

  /** Counts a call. Its retries are no calls. */
  recordCall(): void {
    this.calls.add();
  }

  /** @returns whether one more retry is allowed; it is counted then */
  acquire(): boolean {
    if (this.retries.sum + 1 > Math.max(ALWAYS_ALLOWED, this.share * this.calls.sum)) return false;
    this.retries.add();
    return true;
  }
}
