import type { Counter, Histogram } from 'prom-client';

/** Observations of one series that are kept before they are flushed. */
const BATCH_SIZE = 64;

type Labels = Partial<Record<string, string | number>>;

export interface BatchOptions {
  readonly counter: Counter;
  readonly counterLabels: Labels;
  /** One with exemplars. */
  readonly histogram: Histogram;
  readonly histogramLabels: Labels;
  /** For the second value of each observation. */
  readonly own?: { readonly histogram: Histogram; readonly labels: Labels };
}

/**
 * Collects the observations of one series and flushes them to prom-client in batches and at each scrape. prom-client
 * builds a key from the labels for every observation, which is slow within a request and fast in a row.
 */
export class SeriesBatch {
  /** Static, as prom-client's registry is. */
  private static readonly pending = new Set<SeriesBatch>();
  private readonly seconds = new Float64Array(BATCH_SIZE);
  private readonly ownSeconds = new Float64Array(BATCH_SIZE);
  private count = 0;

  constructor(private readonly options: BatchOptions) {}

  /** For the `collect` of a metric, so that a scrape includes everything that was observed before it. */
  static flushAll(): void {
    for (const batch of SeriesBatch.pending) batch.flush();
  }

  /** @param traceId of a trace that is recorded */
  observe(seconds: number, traceId?: string, ownSeconds = 0): void {
    if (this.count === 0) SeriesBatch.pending.add(this);
    this.ownSeconds[this.count] = ownSeconds;
    this.seconds[this.count++] = seconds;
    if (traceId !== undefined) this.flush(traceId);
    else if (this.count === BATCH_SIZE) this.flush();
  }

  /** @param traceId of the last observation */
  private flush(traceId?: string): void {
    const { count } = this;
    const { counter, counterLabels, histogram, histogramLabels: labels, own } = this.options;
    counter.inc(counterLabels, count);
    for (let i = 0; i < count; i++) {
      const exemplarLabels = traceId !== undefined && i === count - 1 ? { trace_id: traceId } : undefined;
      histogram.observe({ labels, value: this.seconds[i] ?? 0, exemplarLabels });
      own?.histogram.observe(own.labels, this.ownSeconds[i] ?? 0);
    }
    this.count = 0;
    SeriesBatch.pending.delete(this);
  }
}
