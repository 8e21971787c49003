import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from 'prom-client';
import type { Metrics } from './messages.js';

type Metric = MetricObjectWithValues<MetricValue<string>>;

/** prom-client puts the type into objects, and not into their TypeScript type, as it does with `aggregator`. */
interface Typed {
  readonly type: string;
}

/** Metrics of the Node process, of which every process has its own. */
const OF_PROCESS = /^(?:process|nodejs)_/;

/** Where the rule of prom-client is wrong for one gateway: it leaves the first one out, and averages the others. */
const OTHER_RULES: readonly (readonly [name: RegExp, aggregator: string])[] = [
  [/^process_start_time_seconds$/, 'first'],
  // The primary has no requests, and so no lag.
  [/^nodejs_eventloop_lag_/, 'max'],
];

/**
 * Makes the metrics of all processes one text, each by the rule in its definition.
 *
 * @param primary in which only what all share is of interest, and what it counts
 * @param departed of workers that have ended: without their counts, each counter would go back, which Prometheus takes for
 *   a restart of the whole
 */
export function aggregate(primary: Metrics, workers: readonly Metrics[], departed: Metrics): Registry {
  const own = primary.filter((each) => isShared(each) || isCount(each) || OF_PROCESS.test(each.name));
  const others = [...workers, departed].map((metrics) => metrics.filter((each) => !isShared(each)));
  return AggregatorRegistry.aggregate([own, ...others].map((metrics) => metrics.map(withRule)));
}

/** @returns what remains of workers that have ended */
export async function addCounts(departed: Metrics, metrics: Metrics): Promise<Metrics> {
  return AggregatorRegistry.aggregate([[...departed], metrics.filter(isCount)]).getMetricsAsJSON();
}

/** Whether the value of the primary is that of the whole. */
function isShared({ name, aggregator }: Metric): boolean {
  return aggregator === 'first' && !OF_PROCESS.test(name);
}

function isCount(metric: Metric): boolean {
  // See `Typed`.
  return /counter|histogram/.test((metric as unknown as Typed).type);
}

function withRule(metric: Metric): Metric {
  const rule = OTHER_RULES.find(([name]) => name.test(metric.name));
  // prom-client knows these rules by their names.
  return rule ? { ...metric, aggregator: rule[1] as Metric['aggregator'] } : metric;
}
