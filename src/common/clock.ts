/** The gateway's time, injected so that specs can set it. */
export interface Clock {
  /** Monotonic milliseconds for durations, windows and ages; setting the machine's clock does not change them. */
  now(): number;
  /** Milliseconds since the epoch, only for dates and the expiry of tokens. */
  wall(): number;
  /** Milliseconds in which this process stood still, in all; see `Stalls`. A clock without it knows of none. */
  lostMs?(): number;
  /** Calls back after milliseconds of this clock. One without it goes as fast as the machine's, whose timers do. */
  after?(ms: number, callback: () => void): void;
}

/** Milliseconds between two looks at the clock. */
const INTERVAL = 50;

/**
 * Knows how long this process stood still: paused with its machine, stopped, throttled, or busy in one turn of its event
 * loop. Timers that expire meanwhile fire before the sockets are read, so they must not judge by the time on the clock.
 */
export class Stalls {
  private users = 0;
  private timer: NodeJS.Timeout | undefined;
  private total = 0;
  private tickedAt = 0;

  /** @param now monotonic milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Starts to watch. Each caller stops it once. */
  start(): void {
    if (this.users++ > 0) return;
    this.tickedAt = this.now();
    this.timer = setInterval(() => {
      this.total = this.lostMs();
      this.tickedAt = this.now();
    }, INTERVAL).unref();
  }

  stop(): void {
    if (--this.users === 0) clearInterval(this.timer);
  }

  /** @returns milliseconds in which the process stood still, in all; a caller compares two of them */
  lostMs(): number {
    if (this.users === 0) return this.total;
    const late = this.now() - this.tickedAt - INTERVAL;
    return late > INTERVAL ? this.total + late : this.total;
  }
}

/** Milliseconds of a stall after which connections may have been closed by an upstream that thought them idle. */
export const LONG_STALL = 1_000;

/** The stalls of this process. */
export const stalls = new Stalls();

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  lostMs: () => stalls.lostMs(),
};

/** Extends a timeout by the time in which this process stands still, to twice as long at most. */
export class StallExtension {
  /** Milliseconds of stalls, in all, until it was last asked. */
  lostBefore = 0;
  private left = 0;

  constructor(private readonly clock: Clock) {}

  /** @param timeout milliseconds, which start now */
  start(timeout: number): void {
    this.lostBefore = this.clock.lostMs?.() ?? 0;
    this.left = timeout;
  }

  /**
   * @returns milliseconds in which the process stood still since it was last asked. All of them together are no longer than
   *   the timeout: a process that is always late would never end a call.
   */
  take(): number {
    const lost = this.clock.lostMs?.() ?? 0;
    const extension = Math.min(lost - this.lostBefore, this.left);
    this.lostBefore = lost;
    this.left -= extension;
    return extension;
  }
}
