import { type MetricObjectWithValues, type MetricValue, register, Registry } from 'prom-client';

/** Series that are written in a row. prom-client copies and writes all of a metric, which may be thousands. */
const MAX_SERIES = 50;

/** A metric of prom-client, or what `readable` returns. */
export interface ReadableMetric {
  readonly name: string;
  readonly type?: unknown;
  readonly collect?: unknown;
  /** The series of a metric. prom-client's types leave it out. */
  readonly hashMap?: Readonly<Record<string, unknown>>;
  get?(): Promise<object>;
}

/** Also left out of the types. */
interface Writer {
  getMetricsAsString(metric: object): Promise<string>;
}

/**
 * Writes metrics as prom-client's registry does, in small parts, each of which is made when it is read. In the format of
 * OpenMetrics, the registry would rename its counters, and then write them without `_total` in the classic format.
 */
export async function* metricsText(
  metrics: Iterable<ReadableMetric>,
  isOpen: boolean,
): AsyncGenerator<string> {
  const contentType = isOpen ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
  // With the labels that an application may have set for all of its metrics.
  const writer = Object.create(register, { contentType: { value: contentType } }) as Writer;
  let before = '';
  for (const metric of metrics) {
    for (const [i, part] of (await partsOf(metric, isOpen)).entries()) {
      const text = await writer.getMetricsAsString(part);
      yield i === 0 ? before + text : withoutHead(text);
      yield '\n';
    }
    before = isOpen ? '' : '\n';
  }
  if (isOpen) yield '# EOF\n';
}

/** @returns the values of metrics as the registry has them as JSON, in lists of a few series each */
export async function* valuesInParts(
  metrics: Iterable<ReadableMetric>,
): AsyncGenerator<MetricObjectWithValues<MetricValue<string>>[]> {
  for (const metric of metrics)
    for (const part of await partsOf(metric, false)) {
      const registry = Object.create(register, { getMetricsAsArray: { value: () => [part] } }) as Registry;
      yield await registry.getMetricsAsJSON();
    }
}

/** @returns a metric whose values are known */
export function readable(metric: MetricObjectWithValues<MetricValue<string>>): ReadableMetric {
  return {
    ...metric,
    get() {
      return Promise.resolve(this);
    },
  };
}

/** @returns metrics that have some of the series each */
async function partsOf(metric: ReadableMetric, isOpen: boolean): Promise<object[]> {
  if (typeof metric.collect === 'function') await metric.collect();
  const { hashMap = {} } = metric;
  const keys = Object.keys(hashMap);
  // The suffix belongs to the samples of a counter, to which prom-client adds it.
  const name = isOpen && metric.type === 'counter' ? metric.name.replace(/_total$/, '') : metric.name;
  const own = { name: { value: name }, collect: { value: undefined } };
  if (keys.length <= MAX_SERIES) return [Object.create(metric, own) as object];
  return Array.from({ length: Math.ceil(keys.length / MAX_SERIES) }, (_, i): object => {
    const some = keys.slice(i * MAX_SERIES, (i + 1) * MAX_SERIES);
    const value = Object.fromEntries(some.map((key) => [key, hashMap[key]]));
    return Object.create(metric, { ...own, hashMap: { value } }) as object;
  });
}

/** The lines `HELP` and `TYPE` stand before the first series only. */
function withoutHead(text: string): string {
  return text.replace(/^#.*\n#.*\n/, '');
}
