/** About ten megabytes of ids. */
export const MOST_DENIED = 100_000;
/** Milliseconds that a token stays denied beyond its end: a clock may be set back. */
const MARGIN = 3_600_000;
/** Milliseconds between looks for those that are over. */
const TIDY_EVERY = 60_000;

/** Ids of tokens that are refused before their end, in memory and bounded. */
export class DeniedTokens {
  /** Until when, in milliseconds since the epoch; in the order in which they were denied. */
  private readonly until = new Map<string, number>();
  private tidiedAt = 0;

  constructor(private readonly most = MOST_DENIED) {}

  get size(): number {
    return this.until.size;
  }

  has(id: string): boolean {
    return this.until.has(id);
  }

  /**
   * @param endsAtMs end of the token, skew included; milliseconds since the epoch
   * @param nowMs milliseconds since the epoch
   * @returns whether that is new
   */
  add(id: string, endsAtMs: number, nowMs: number): boolean {
    const until = endsAtMs + MARGIN;
    if (until <= nowMs) return false;
    const known = this.until.get(id);
    if (known !== undefined && known >= until) return false;
    if (nowMs - this.tidiedAt >= TIDY_EVERY) this.tidy(nowMs);
    this.until.set(id, until);
    if (this.until.size > this.most) this.forgetOldest();
    return known === undefined;
  }

  private tidy(nowMs: number): void {
    this.tidiedAt = nowMs;
    for (const [id, until] of this.until) if (until <= nowMs) this.until.delete(id);
  }

  private forgetOldest(): void {
    const [oldest] = this.until.keys();
    if (oldest !== undefined) this.until.delete(oldest);
  }
}
