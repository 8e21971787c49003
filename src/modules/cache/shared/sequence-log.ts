/** With more numbers than this out of order, those missing before them count as lost. */
const MAX_OUT_OF_ORDER = 1_000;

/**
 * Which numbered messages have been received. They may arrive out of order, since several gateways number them before
 * they publish them, and those that are published while there is no connection never arrive.
 */
export class SequenceLog {
  /** Names the data in Redis: numbers of other data mean nothing. */
  private epoch: string | undefined;
  /** All numbers up to this one were received. */
  private upTo = 0;
  private readonly later = new Set<number>();

  /** @returns false when earlier messages count as lost */
  add(number: number): boolean {
    if (number <= this.upTo) return true;
    this.later.add(number);
    this.advance();
    if (this.later.size <= MAX_OUT_OF_ORDER) return true;
    this.upTo = Math.max(...this.later);
    this.later.clear();
    return false;
  }

  /**
   * Compares the log with the last number in Redis and continues from there.
   *
   * @returns whether messages were missed until now; `unknown` when Redis has lost the data that would tell
   */
  compare(epoch: string, last: number): 'complete' | 'missed' | 'unknown' {
    const isSame = epoch === this.epoch;
    const isComplete = isSame && last <= this.upTo;
    const isFirst = this.epoch === undefined;
    if (!isSame) this.later.clear();
    this.epoch = epoch;
    this.upTo = isComplete ? this.upTo : last;
    for (const each of this.later) if (each <= this.upTo) this.later.delete(each);
    this.advance();
    if (isComplete) return 'complete';
    return isSame || isFirst ? 'missed' : 'unknown';
  }

  private advance(): void {
    while (this.later.delete(this.upTo + 1)) this.upTo++;
  }
}
