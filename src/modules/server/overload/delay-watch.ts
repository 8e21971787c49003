/** Checks in a row that have to agree, 100 ms apart. */
export const CHECKS = 10;

/**
 * Tells a standing delay from that of a burst or of one stall, as CoDel does: it is an overload when the delay was too long at
 * each of the last checks, and over when it was short at as many.
 */
export class DelayWatch {
  isOverloaded = false;
  private contrary = 0;

  /** @param isLong whether the delay is too long, or requests were rejected for it since the last check */
  check(isLong: boolean): void {
    this.contrary = isLong === this.isOverloaded ? 0 : this.contrary + 1;
    if (this.contrary < CHECKS) return;
    this.isOverloaded = isLong;
    this.contrary = 0;
  }
}
