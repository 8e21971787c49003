import type { Bulkhead } from '../../common/resilience/bulkhead.js';

const RAMP_MS = 2_000;
const STEPS = 20;

/**
 * Lets traffic return to a recovered upstream over two seconds. All the calls that had piled up could bring it down again
 * at once. No call is rejected for the ramp: calls wait in the bulkhead's queue.
 */
export class Ramp {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly bulkhead: Bulkhead) {}

  start(): void {
    let step = 1;
    this.stop();
    this.bulkhead.open(step / STEPS);
    this.timer = setInterval(() => {
      this.bulkhead.open(++step / STEPS);
      if (step >= STEPS) this.stop();
    }, RAMP_MS / STEPS).unref();
  }

  /** Leaves the bulkhead at its current width. */
  stop(): void {
    clearInterval(this.timer);
  }
}
