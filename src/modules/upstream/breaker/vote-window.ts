import type { Clock } from '../../../common/clock.js';
import { RollingCount } from '../../../common/resilience/rolling-count.js';
import type { BreakerConfig } from '../../config/gateway-config.js';
import type { Votes } from './breaker.types.js';

/** Calls of its own that a breaker needs before it agrees with others, unless `minRequests` are fewer. */
const CALLS_TO_AGREE = 5;

/** The votes of the last `window` milliseconds, those of other processes of the gateway included. */
export class VoteWindow {
  private all: RollingCount;
  private failed: RollingCount;
  /** Of this process, since `take`. */
  private successesToShare = 0;
  private failuresToShare = 0;

  constructor(
    private window: number,
    private readonly clock: Clock,
  ) {
    this.all = new RollingCount(window, clock);
    this.failed = new RollingCount(window, clock);
  }

  get sum(): number {
    return this.all.sum;
  }

  get counts(): Votes {
    const failures = this.failed.sum;
    return { successes: this.all.sum - failures, failures };
  }

  /** In [0, 1]; not a number without votes. */
  get errorRate(): number {
    return this.failed.sum / this.all.sum;
  }

  /** Whether calls here fail at `errorRate` too, although there may be too few of them to open for. */
  agree({ minRequests, errorRate }: Pick<BreakerConfig, 'minRequests' | 'errorRate'>): boolean {
    return this.sum >= Math.min(minRequests, CALLS_TO_AGREE) && this.errorRate >= errorRate;
  }

  /** Counts over another time. What was counted is forgotten, unless the time is the same. */
  resize(window: number): void {
    if (window === this.window) return;
    this.window = window;
    this.all = new RollingCount(window, this.clock);
    this.failed = new RollingCount(window, this.clock);
  }

  succeed(): void {
    this.all.add();
    this.successesToShare++;
  }

  fail(): void {
    this.all.add();
    this.failed.add();
    this.failuresToShare++;
  }

  /** Counts votes of another process. */
  add({ successes, failures }: Votes): void {
    this.all.add(successes + failures);
    this.failed.add(failures);
  }

  /** @returns the votes of this process since the last time, or `undefined` if there were none */
  take(): Votes | undefined {
    const { successesToShare: successes, failuresToShare: failures } = this;
    if (successes + failures === 0) return undefined;
    this.forgetShared();
    return { successes, failures };
  }

  /** Votes from before a transition are of no use to others either. */
  forgetShared(): void {
    this.successesToShare = 0;
    this.failuresToShare = 0;
  }

  clear(): void {
    this.all.clear();
    this.failed.clear();
  }
}
