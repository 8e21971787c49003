import type { MetricObjectWithValues, MetricValue } from 'prom-client';

type Value = MetricValue<string> & { readonly metricName?: string };
type Metric = Omit<MetricObjectWithValues<MetricValue<string>>, 'values'> & { readonly values: Value[] };

/** What prom-client adds to the values of histograms with exemplars, and leaves out of its types. */
interface WithExemplar {
  readonly exemplar?: { readonly timestamp: number } | null;
}

/**
 * Adding up the metrics of several processes loses their exemplars.
 *
 * @param sources what was added up
 * @returns the sums with the newest exemplar of each bucket
 */
export function withExemplars(sums: readonly Metric[], sources: readonly (readonly Metric[])[]): Metric[] {
  const newest = new Map<string, Value & WithExemplar>();
  for (const { values } of sources.flat()) {
    for (const value of values as (Value & WithExemplar)[]) {
      const key = value.exemplar && keyOf(value);
      if (key && (newest.get(key)?.exemplar?.timestamp ?? 0) < (value.exemplar?.timestamp ?? 0))
        newest.set(key, value);
    }
  }
  return sums.map((sum) => ({
    ...sum,
    values: sum.values.map((value) => {
      // Only buckets have exemplars.
      const source = 'le' in value.labels ? newest.get(keyOf(value)) : undefined;
      return source ? { ...value, exemplar: source.exemplar } : value;
    }),
  }));
}

/**
 * @param accept the header `Accept`, in which Prometheus lists the formats that it reads and how much it wants them
 * @returns whether OpenMetrics is wanted more than the classic format
 */
export function prefersOpenMetrics(accept = ''): boolean {
  let [open, classic] = [0, 0];
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((each) => each.trim());
    const q = parameters.find((each) => each.startsWith('q='))?.slice(2);
    const quality = q === undefined ? 1 : Number(q) || 0;
    if (type === 'application/openmetrics-text') open = Math.max(open, quality);
    else if (type === 'text/plain') classic = Math.max(classic, quality);
  }
  return open > classic;
}

function keyOf({ metricName, labels }: Value): string {
  return JSON.stringify([metricName, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}
