/** Milliseconds. A worker that has served for less has ended at once. */
const AT_ONCE = 1_000;
/** Milliseconds. A worker that has served for longer was well. */
const STABLE = 60_000;
const MAX_ENDS_AT_ONCE = 5;
/** Milliseconds. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;

/** Decides when a worker that has ended is replaced. */
export class RestartPolicy {
  private endsInARow = 0;
  private endsAtOnce = 0;

  /**
   * @param servedFor milliseconds that the worker has served; 0 if it has never begun
   * @returns milliseconds until its replacement starts; `undefined` when another one would end at once as well
   */
  ended(servedFor: number): number | undefined {
    this.endsAtOnce = servedFor < AT_ONCE ? this.endsAtOnce + 1 : 0;
    if (this.endsAtOnce >= MAX_ENDS_AT_ONCE) return undefined;
    // The first one is replaced at once.
    const pause = this.endsInARow === 0 ? 0 : FIRST_PAUSE * 2 ** (this.endsInARow - 1);
    this.endsInARow = servedFor < STABLE ? this.endsInARow + 1 : 0;
    return Math.min(pause, LONGEST_PAUSE);
  }
}
