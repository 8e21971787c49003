import { type Cancellation, toSignal } from '../cancellation.js';
import type { Clock } from '../clock.js';

/** The moment by which everything that belongs to one call must be done, tries and pauses included. */
export class Deadline {
  private readonly at: number;

  /** @param ms from now */
  constructor(
    private readonly clock: Clock,
    ms: number,
  ) {
    this.at = clock.now() + ms;
  }

  /** Milliseconds, never below 0. */
  get remaining(): number {
    return this.remainingAt(this.clock.now());
  }

  /** @param now monotonic milliseconds, for who has just asked the clock */
  remainingAt(now: number): number {
    return Math.max(0, this.at - now);
  }

  /** A signal that aborts when the deadline passes, or when the caller's does. For waits only: it costs a timer. */
  signal(caller: Cancellation | undefined): AbortSignal {
    const passed = AbortSignal.timeout(Math.ceil(this.remaining));
    return caller ? AbortSignal.any([toSignal(caller), passed]) : passed;
  }
}
