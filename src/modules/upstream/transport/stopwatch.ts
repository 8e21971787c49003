import type { Readable } from 'node:stream';
import type { Clock } from '../../../common/clock.js';

/** Adds up the time between its starts and its stops. */
export class Stopwatch {
  private before = 0;
  private startedAt: number | undefined;

  constructor(private readonly clock: Clock) {}

  get isRunning(): boolean {
    return this.startedAt !== undefined;
  }

  /** Milliseconds, in all. */
  get total(): number {
    return this.startedAt === undefined ? this.before : this.before + this.clock.now() - this.startedAt;
  }

  start(): void {
    this.startedAt ??= this.clock.now();
  }

  stop(): void {
    this.before = this.total;
    this.startedAt = undefined;
  }

  reset(): void {
    this.before = 0;
    this.startedAt = undefined;
  }
}

/** @returns the time in which an upstream waits for a client to send its body; none once all of it is sent */
export function timeOfSending(body: Readable, clock: Clock): Stopwatch {
  const time = new Stopwatch(clock);
  body
    .on('resume', () => time.start())
    .on('pause', () => time.stop())
    .once('end', () => time.reset());
  return time;
}
