import { getHeapStatistics } from 'node:v8';
import type { Priority } from '../../config/gateway-config.js';

/** By which the limit of a priority differs from that of `normal`. */
const MARGINS: Readonly<Record<Priority, number>> = { low: -0.05, normal: 0, high: 0.05 };
/** How much has to be free again before a shortage is over, so that it does not begin again at once. */
const HYSTERESIS = 0.05;
/** Bytes of V8's young generation, by which its limit exceeds that of the generation whose end ends the process. */
const YOUNG_GENERATION = 96 * 1024 * 1024;

/** Decides which requests would take too much of the memory that is left. */
export class MemoryWatch {
  isShort = false;
  private excess = 0;

  /**
   * @param used share of the memory that is used, 0..1
   * @param most share above which requests of normal priority are rejected
   */
  look(used: number, most: number): void {
    this.excess = used - most;
    this.isShort = this.excess > MARGINS.low - (this.isShort ? HYSTERESIS : 0);
  }

  rejects(priority: Priority): boolean {
    return this.isShort && this.excess > MARGINS[priority];
  }
}

/**
 * A heap that is full of garbage is no shortage: V8 collects it when it has grown half of the way from what was alive to the
 * limit, so a heap at 90% had 80% alive.
 *
 * @param processes that share the memory of the container
 * @returns the used share of V8's heap, or of the container's memory when that is more
 */
export function memoryUsed(processes: number): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  const heap = used / Math.max(limit - YOUNG_GENERATION, limit / 2);
  // Without a limit, Node reports 0 or more than any machine has.
  const container = process.constrainedMemory() / processes;
  return container > 0 ? Math.max(heap, process.memoryUsage.rss() / container) : heap;
}
