import type { Clock } from '../clock.js';
import { RollingCount } from './rolling-count.js';

const WINDOW_MS = 10_000;
const ALWAYS_ALLOWED = 3;

/**
 * Caps the retries of an upstream at a share of its calls of the last ten seconds, so that a failing upstream
 * is not also flooded. A share of the calls under way would not do: where failures come fast, each call could
 * have its retry after the other. Three are always allowed, or an idle gateway could never retry.
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

  /** A call begins; its retries are none. */
  recordCall(): void {
    this.calls.add();
  }

  /** @returns whether one more retry may go */
  acquire(): boolean {
    if (this.retries.sum + 1 > Math.max(ALWAYS_ALLOWED, this.share * this.calls.sum)) return false;
    this.retries.add();
    return true;
  }
}
