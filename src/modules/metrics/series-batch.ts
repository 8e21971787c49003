import type { Counter, Histogram } from 'prom-client';

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

/** What prom-client's types leave out of a histogram. */
interface Internals {
  readonly upperBounds: readonly number[];
  readonly sortedLabelNames: readonly string[];
  /** The series by the names and values of their labels. */
  readonly hashMap: Readonly<Record<string, Series | undefined>>;
}

interface Series {
  sum: number;
  count: number;
  /** Observations by the upper bound of their bucket. */
  readonly bucketValues: Record<number, number>;
}

/**
 * Counts the observations of one series, and adds them to those of prom-client at each scrape. prom-client checks the labels
 * and builds a key from them for every observation, which took half of what a request costs in metrics.
 */
export class SeriesBatch {
  /** Static, as prom-client's registry is. */
  private static readonly pending = new Set<SeriesBatch>();
  private readonly duration: Buckets;
  private readonly own: Buckets | undefined;
  private count = 0;

  constructor(private readonly options: BatchOptions) {
    const { histogram, histogramLabels, own } = options;
    this.duration = new Buckets(histogram, histogramLabels);
    this.own = own && new Buckets(own.histogram, own.labels);
  }

  /** For the `collect` of a metric, so that a scrape includes everything that was observed before it. */
  static flushAll(): void {
    for (const batch of SeriesBatch.pending) batch.flush();
    SeriesBatch.pending.clear();
  }

  /** @param traceId of a trace that is recorded */
  observe(seconds: number, traceId?: string, ownSeconds = 0): void {
    if (this.count++ === 0) SeriesBatch.pending.add(this);
    this.own?.observe(ownSeconds);
    if (traceId === undefined) {
      this.duration.observe(seconds);
      return;
    }
    const { histogram, histogramLabels: labels } = this.options;
    histogram.observe({ labels, value: seconds, exemplarLabels: { trace_id: traceId } });
  }

  private flush(): void {
    this.options.counter.inc(this.options.counterLabels, this.count);
    this.count = 0;
    this.duration.flush();
    this.own?.flush();
  }
}

/** Counts what one series of a histogram has not been told yet. */
class Buckets {
  private readonly bounds: readonly number[];
  /** The last one takes what is above all bounds. */
  private readonly counts: Uint32Array;
  private sum = 0;

  constructor(
    private readonly histogram: Histogram,
    private readonly labels: Labels,
  ) {
    this.bounds = internalsOf(histogram).upperBounds;
    this.counts = new Uint32Array(this.bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let i = 0;
    while (i < bounds.length && value > (bounds[i] ?? 0)) i++;
    counts[i] = (counts[i] ?? 0) + 1;
    this.sum += value;
  }

  flush(): void {
    const { bounds, counts } = this;
    const series = this.series();
    series.sum += this.sum;
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i] ?? 0;
      if (count === 0) continue;
      series.count += count;
      const bound = bounds[i];
      if (bound !== undefined) series.bucketValues[bound] = (series.bucketValues[bound] ?? 0) + count;
    }
    counts.fill(0);
    this.sum = 0;
  }

  /** Other batches may count for the same series, which a reset of the metric removes. */
  private series(): Series {
    const { hashMap, sortedLabelNames } = internalsOf(this.histogram);
    const key = sortedLabelNames.map((name) => `${name}:${this.labels[name]},`).join('');
    if (!hashMap[key]) this.histogram.zero(this.labels);
    const series = hashMap[key];
    if (!series) throw new TypeError('prom-client keeps its series elsewhere than it did in version 15');
    return series;
  }
}

function internalsOf(histogram: Histogram): Internals {
  // See `Internals`.
  return histogram as unknown as Internals;
}
