/** More that is out of turn, and something before it is taken for lost. */
const MAX_OUT_OF_TURN = 1_000;

/**
 * Which of the numbered notices have been heard. They may arrive out of turn, since several gateways number and then
 * publish them, and what was said while there was no connection does not arrive.
 */
export class Heard {
  /** Of the data in Redis: numbers of other data mean nothing. */
  private epoch: string | undefined;
  /** All up to it were heard. */
  private upTo = 0;
  private readonly later = new Set<number>();

  /** @returns false when others before it must be taken for lost */
  add(count: number): boolean {
    if (count <= this.upTo) return true;
    this.later.add(count);
    this.advance();
    if (this.later.size <= MAX_OUT_OF_TURN) return true;
    this.upTo = Math.max(...this.later);
    this.later.clear();
    return false;
  }

  /**
   * Starts anew from where Redis is.
   *
   * @returns whether nothing was missed until now
   */
  isAllOf(epoch: string, count: number): boolean {
    const isSame = epoch === this.epoch;
    const isAll = isSame && count <= this.upTo;
    if (!isSame) this.later.clear();
    this.epoch = epoch;
    this.upTo = isAll ? this.upTo : count;
    for (const each of this.later) if (each <= this.upTo) this.later.delete(each);
    this.advance();
    return isAll;
  }

  private advance(): void {
    while (this.later.delete(this.upTo + 1)) this.upTo++;
  }
}
