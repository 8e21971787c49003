import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { withExemplars } from './exemplars.js';
import { metricsText } from './metrics-text.js';

/** The metrics of a process that has counted and measured one request. */
async function metricsOf(seconds: number, traceId: string) {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  // Metrics with exemplars can only be made for such a registry.
  const registers = [registry as unknown as Registry];
  new Counter({ name: 'requests_total', help: 'Requests', labelNames: ['route'], registers }).inc({
    route: 'a',
  });
  new Gauge({ name: 'open', help: 'Open ones', registers }).set(2);
  const names = { name: 'seconds', help: 'Seconds', labelNames: ['route', 'method'] };
  new Histogram({ ...names, buckets: [1], registers, enableExemplars: true }).observe({
    labels: { route: 'a', method: 'GET' },
    value: seconds,
    exemplarLabels: { trace_id: traceId },
  });
  return registry.getMetricsAsJSON();
}

describe('withExemplars', () => {
  it('gives each bucket of a sum its newest exemplar, whatever the order of the labels', async () => {
    const [older, newer] = [await metricsOf(0.25, 'older'), await metricsOf(0.5, 'newer')];
    const sums = (await metricsOf(3, 'not asked')).map((metric) => ({
      ...metric,
      values: metric.values.map(({ labels, value, ...more }) => ({
        labels: Object.fromEntries(Object.entries(labels).toReversed()),
        value: value * 2,
        // Only the values of histograms have one.
        metricName: (more as { metricName?: string }).metricName as string,
      })),
    }));
    // Two in the same moment.
    for (const value of newer.flatMap(({ values }) => values))
      if ('exemplar' in value && value.exemplar)
        (value.exemplar as { timestamp: number }).timestamp = Date.now() / 1000 + 10;
    for (const sources of [
      [older, newer],
      [newer, older],
    ]) {
      const { text } = await metricsText(withExemplars(sums, sources), true);
      expect(text.match(/# \{.*/g)).toEqual([expect.stringContaining('{trace_id="newer"} 0.5 ')]);
      expect(text).toMatch(/^seconds_bucket\{method="GET",route="a",le="1"\} 0 # \{/m);
    }
  });
});
