import type { Priority } from '../../config/gateway-config.js';

/** By how much the limit of a priority differs from that of `normal`. */
const MARGINS: Readonly<Record<Priority, number>> = { low: -0.05, normal: 0, high: 0.05 };
/** How much has to be free again before a shortage is over, so that it does not begin again at once. */
const HYSTERESIS = 0.05;
/** Samples of which the lowest counts, because between two collections of V8 a heap is full of garbage. */
const SAMPLES = 3;

/** Decides which requests would take too much of the memory that is left. */
export class MemoryWatch {
  isShort = false;
  private excess = 0;
  private readonly samples: number[] = [];

  /**
   * @param used share of the memory that is used, 0..1
   * @param most share above which requests of normal priority are rejected
   */
  check(used: number, most: number): void {
    this.samples.push(used);
    if (this.samples.length > SAMPLES) this.samples.shift();
    this.excess = this.samples.length < SAMPLES ? -Infinity : Math.min(...this.samples) - most;
    this.isShort = this.excess > MARGINS.low - (this.isShort ? HYSTERESIS : 0);
  }

  rejects(priority: Priority): boolean {
    return this.isShort && this.excess > MARGINS[priority];
  }
}
