import type { Clock } from '../clock.js';

const SLOTS = 10;

/** Counts events within the last `window` milliseconds, to a tenth of it. An event costs the same however many there are. */
export class RollingCount {
  private readonly slots = new Uint32Array(SLOTS);
  private readonly slotMs: number;
  private current: number;
  private total = 0;

  constructor(
    windowMs: number,
    private readonly clock: Clock,
  ) {
    this.slotMs = windowMs / SLOTS;
    this.current = this.slotNow();
  }

  get sum(): number {
    this.rotate();
    return this.total;
  }

  /** @returns the sum, these events included */
  add(events = 1): number {
    this.rotate();
    this.slots[this.current % SLOTS] = (this.slots[this.current % SLOTS] ?? 0) + events;
    return (this.total += events);
  }

  clear(): void {
    this.slots.fill(0);
    this.total = 0;
  }

  /** Done at each use, so that an idle upstream costs no timer. */
  private rotate(): void {
    const now = this.slotNow();
    // After a pause longer than the window every slot is emptied once, not once for each slot that went by.
    for (let slot = Math.max(this.current, now - SLOTS) + 1; slot <= now; slot++) {
      this.total -= this.slots[slot % SLOTS] ?? 0;
      this.slots[slot % SLOTS] = 0;
    }
    this.current = now;
  }

  private slotNow(): number {
    return Math.floor(this.clock.now() / this.slotMs);
  }
}
