/** Looks in a row that have to agree, at ten a second. */
export const LOOKS = 10;

/**
 * Tells a standing delay from that of a burst or of one stall, as CoDel does: it is an overload when the delay was too long at
 * each of the last looks, and over when it was short at as many.
 */
export class DelayWatch {
  isOverloaded = false;
  private contrary = 0;

  /** @param isLong whether the delay is too long, or requests were rejected for it since the last look */
  look(isLong: boolean): void {
    this.contrary = isLong === this.isOverloaded ? 0 : this.contrary + 1;
    if (this.contrary < LOOKS) return;
    this.isOverloaded = isLong;
    this.contrary = 0;
  }
}
