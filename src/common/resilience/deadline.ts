import { type Cancellation, toSignal } from '../cancellation.js';
import { type Clock, StallExtension } from '../clock.js';

export interface DeadlineOptions {
  /** The time is what another upstream has left over. Passing it says nothing about the upstream that gets it. */
  readonly isRemainder?: boolean;
}

/** The time that an upstream has for one call: all tries and the pauses between them. Stalls of this process extend it. */
export class Deadline {
  readonly isRemainder: boolean;
  private endsAt: number | undefined;
  private lostAtStart = 0;

  /** @param timeout milliseconds from the start */
  constructor(
    private readonly clock: Clock,
    readonly timeout: number,
    { isRemainder = false }: DeadlineOptions = {},
  ) {
    this.isRemainder = isRemainder;
  }

  /** @param whole that of all calls of a handler, which may leave one call less than its `timeout` */
  static within(clock: Clock, timeout: number, whole: Deadline | undefined): Deadline {
    const left = whole?.remaining() ?? timeout;
    return left < timeout ? new Deadline(clock, left, { isRemainder: true }) : new Deadline(clock, timeout);
  }

  /** Starts the time. Only the first start counts. */
  start(): void {
    if (this.endsAt !== undefined) return;
    this.endsAt = this.clock.now() + this.timeout;
    this.lostAtStart = this.clock.lostMs?.() ?? 0;
  }

  /**
   * @param now monotonic milliseconds, for a caller that has just read the clock
   * @returns milliseconds, never below 0; all of the timeout before the start
   */
  remaining(now = this.clock.now()): number {
    if (this.endsAt === undefined) return this.timeout;
    const lost = (this.clock.lostMs?.() ?? 0) - this.lostAtStart;
    return Math.max(0, this.endsAt + lost - now);
  }

  /** A signal that aborts when the deadline passes, or when the caller's does. For waits only: it costs a timer. */
  signal(caller: Cancellation | undefined): AbortSignal {
    const passed = new AbortController();
    const extension = new StallExtension(this.clock);
    const wait = (ms: number) => void setTimeout(onTimeout, Math.ceil(ms)).unref();
    const onTimeout = () => {
      const ms = extension.take();
      // What this call waits for may be in the sockets already, which are read only after the timers.
      if (ms > 0) wait(ms);
      else passed.abort();
    };
    extension.start(this.remaining());
    wait(this.remaining());
    return caller ? AbortSignal.any([toSignal(caller), passed.signal]) : passed.signal;
  }
}
