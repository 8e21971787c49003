/** About ten megabytes of ids. */
export const MAX_DENIED = 100_000;
/** Milliseconds for which a token stays denied after its end, since a clock may be set back. */
const MARGIN = 3_600_000;
/** Milliseconds between searches for tokens that can be forgotten. */
const TIDY_INTERVAL = 60_000;

/** The ids of denied tokens, in memory and bounded. */
export class DeniedTokens {
  /** By id, in milliseconds since the epoch; in the order in which the tokens were denied. */
  private readonly until = new Map<string, number>();
  private tidiedAt = 0;

  constructor(private readonly max = MAX_DENIED) {}

  get size(): number {
    return this.until.size;
  }

  has(id: string): boolean {
    return this.until.has(id);
  }

  /** @returns ids with the ends of their tokens, in milliseconds since the epoch */
  *entries(): Iterable<readonly [id: string, endsAtMs: number]> {
    for (const [id, until] of this.until) yield [id, until - MARGIN];
  }

  /**
   * @param endsAtMs end of the token, skew included; milliseconds since the epoch
   * @param nowMs milliseconds since the epoch
   * @returns whether the id is new
   */
  add(id: string, endsAtMs: number, nowMs: number): boolean {
    const until = endsAtMs + MARGIN;
    if (until <= nowMs) return false;
    const known = this.until.get(id);
    if (known !== undefined && known >= until) return false;
    if (nowMs - this.tidiedAt >= TIDY_INTERVAL) this.tidy(nowMs);
    this.until.set(id, until);
    const [oldest = id] = this.until.keys();
    if (this.until.size > this.max) this.until.delete(oldest);
    return known === undefined;
  }

  private tidy(nowMs: number): void {
    this.tidiedAt = nowMs;
    for (const [id, until] of this.until) if (until <= nowMs) this.until.delete(id);
  }
}
