import {
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
  type RegistryContentType,
} from 'prom-client';
import { turns } from '../../common/turns.js';

/** Milliseconds, so that requests hardly wait for a scrape. */
const LONGEST_TURN = 0.5;

/** A metric with all its series, as `Registry.getMetricsAsJSON` returns it. */
export type MetricValues = MetricObjectWithValues<MetricValue<string>>;

/**
 * Writes metrics in the classic format of Prometheus or in that of OpenMetrics, with turns for requests between them. The
 * registry that owns them cannot write both: it renames its counters when it writes OpenMetrics.
 */
export async function metricsText(
  metrics: readonly MetricValues[],
  isOpen: boolean,
): Promise<{ text: string; contentType: string }> {
  const contentType = isOpen ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
  const registry: Registry<RegistryContentType> = new Registry();
  registry.setContentType(contentType);
  const turn = turns(LONGEST_TURN);
  const texts: string[] = [];
  for (const metric of metrics) {
    // In OpenMetrics, the suffix belongs to the samples of a counter, to which prom-client adds it.
    const name = isOpen && isCounter(metric) ? metric.name.replace(/_total$/, '') : metric.name;
    const known = { ...metric, name, get: () => Promise.resolve(known) };
    // prom-client registers metrics that it has aggregated in the same way, which its types do not allow.
    registry.registerMetric(known as never);
    texts.push(await registry.getSingleMetricAsString(name));
    await turn();
  }
  return { text: isOpen ? `${texts.join('\n')}\n# EOF\n` : `${texts.join('\n\n')}\n`, contentType };
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

/** prom-client leaves the type out of its types. */
function isCounter(metric: object): boolean {
  return 'type' in metric && metric.type === 'counter';
}
