import type { MetricValue } from 'prom-client';
import type { MetricValues } from './metrics-text.js';

type Value = MetricValue<string> & { readonly metricName?: string };
type Metric = Omit<MetricValues, 'values'> & { readonly values: Value[] };

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

function keyOf({ metricName, labels }: Value): string {
  return JSON.stringify([metricName, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}
