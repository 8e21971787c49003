import type { Bulkhead } from '../../common/resilience/bulkhead.js';

const RAMP_MS = 2_000;
const STEPS = 20;

/**
 * Lets traffic return to a recovered upstream over two seconds. What had piled up would otherwise hit it at
 * once and could bring it down again. Nobody is refused for it: calls wait in the bulkhead's queue.
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

  /** Leaves the bulkhead as wide as it is. */
  stop(): void {
    clearInterval(this.timer);
  }
}
