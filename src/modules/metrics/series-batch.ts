import type { Counter, Histogram } from 'prom-client';

/** Observations of one series that are kept before they are flushed. */
const BATCH_SIZE = 64;

type Labels = Partial<Record<string, string | number>>;

/**
 * Collects the observations of one series and flushes them to prom-client in batches and at each scrape. prom-client
 * builds a key from the labels for every observation, which is slow within a request and fast in a row.
 */
export class SeriesBatch {
  /** Static, as prom-client's registry is. */
  private static readonly pending = new Set<SeriesBatch>();
  private readonly seconds = new Float64Array(BATCH_SIZE);
  private count = 0;

  constructor(
    private readonly counter: Counter,
    private readonly counterLabels: Labels,
    private readonly histogram: Histogram,
    private readonly histogramLabels: Labels,
  ) {}

  /** For the `collect` of a metric, so that a scrape includes everything that was observed before it. */
  static flushAll(): void {
    for (const batch of SeriesBatch.pending) batch.flush();
  }

  observe(seconds: number): void {
    if (this.count === 0) SeriesBatch.pending.add(this);
    this.seconds[this.count++] = seconds;
    if (this.count === BATCH_SIZE) this.flush();
  }

  private flush(): void {
    this.counter.inc(this.counterLabels, this.count);
    for (let i = 0; i < this.count; i++) this.histogram.observe(this.histogramLabels, this.seconds[i] ?? 0);
    this.count = 0;
    SeriesBatch.pending.delete(this);
  }
}
