import type { Cancellation } from '../cancellation.js';
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

  /**
   * Calls the listener when the deadline passes or the caller is gone, and not before this method has returned. For waits
   * only: it costs a timer.
   *
   * @returns a function that stops watching
   */
  watch(listener: () => void, caller?: Cancellation): () => void {
    const extension = new StallExtension(this.clock);
    let timer: NodeJS.Timeout | undefined;
    const wait = (ms: number) => void (timer = setTimeout(onTimeout, Math.ceil(ms)).unref());
    const stop = () => {
      clearTimeout(timer);
      caller?.removeEventListener('abort', end);
    };
    const end = () => {
      stop();
      listener();
    };
    const onTimeout = () => {
      const ms = caller?.aborted ? 0 : extension.take();
      // What this call waits for may be in the sockets already, which are read only after the timers.
      if (ms > 0) wait(ms);
      else end();
    };
    const ms = caller?.aborted ? 0 : this.remaining();
    extension.start(ms);
    wait(ms);
    caller?.addEventListener('abort', end, { once: true });
    return stop;
  }
}
