import { type Cancellation, toSignal } from '../cancellation.js';
import type { Clock } from '../clock.js';

/** The time within which everything that belongs to one call must be done: waiting, tries and pauses. */
export class Deadline {
  private endsAt: number | undefined;

  /** @param timeout milliseconds from the start */
  constructor(
    private readonly clock: Clock,
    readonly timeout: number,
  ) {}

  /** Starts the time. Only the first start counts. */
  start(): void {
    this.endsAt ??= this.clock.now() + this.timeout;
  }

  /**
   * @param now monotonic milliseconds, for a caller that has just read the clock
   * @returns milliseconds, never below 0; all of the timeout before the start
   */
  remaining(now = this.clock.now()): number {
    return this.endsAt === undefined ? this.timeout : Math.max(0, this.endsAt - now);
  }

  /** A signal that aborts when the deadline passes, or when the caller's does. For waits only: it costs a timer. */
  signal(caller: Cancellation | undefined): AbortSignal {
    const passed = AbortSignal.timeout(Math.ceil(this.remaining()));
    return caller ? AbortSignal.any([toSignal(caller), passed]) : passed;
  }
}
