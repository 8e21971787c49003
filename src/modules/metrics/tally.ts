import type { Counter, Histogram } from 'prom-client';

/** Of one series, before they are handed over. */
const BATCH = 64;

type Labels = Partial<Record<string, string | number>>;

export interface TallyOptions {
  readonly counter: Counter;
  readonly counted: Labels;
  readonly histogram: Histogram;
  readonly timed: Labels;
}

/**
 * Gathers what happens to one series and hands it to prom-client in batches and at each scrape: there every
 * observation makes a key out of its labels, which costs much in the middle of a request and little in a row.
 */
export class Tally {
  /** prom-client's registry is the process's, and so is this. */
  private static readonly waiting = new Set<Tally>();
  private readonly seconds = new Float64Array(BATCH);
  private count = 0;

  constructor(private readonly options: TallyOptions) {}

  /** For a metric's `collect`: nothing that was recorded before a scrape is missing in it. */
  static handOver(): void {
    for (const tally of Tally.waiting) tally.handOver();
  }

  record(seconds: number): void {
    if (this.count === 0) Tally.waiting.add(this);
    this.seconds[this.count++] = seconds;
    if (this.count === BATCH) this.handOver();
  }

  private handOver(): void {
    const { counter, counted, histogram, timed } = this.options;
    counter.inc(counted, this.count);
    for (let i = 0; i < this.count; i++) histogram.observe(timed, this.seconds[i] ?? 0);
    this.count = 0;
    Tally.waiting.delete(this);
  }
}
