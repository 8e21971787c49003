import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { metricsText, prefersOpenMetrics } from './metrics-text.js';

/** Metrics of which the first request has been traced. */
function registryOf(format: string): Registry {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  // Metrics with exemplars can only be made for such a registry.
  const registers = [registry as unknown as Registry];
  const labelNames = ['route'];
  const requests = new Counter({ name: 'requests_total', help: 'Requests', labelNames, registers });
  requests.inc({ route: 'a' });
  requests.inc({ route: 'b' }, 2);
  new Gauge({ name: 'open', help: 'Open ones', registers, collect: () => undefined }).set(2);
  registry.registerMetric(new Gauge({ name: 'empty', help: 'Without series', labelNames, registers: [] }));
  const names = { name: 'seconds', help: 'Seconds', labelNames, buckets: [1, 5] };
  const seconds = new Histogram({ ...names, registers, enableExemplars: true });
  seconds.observe({ labels: { route: 'a' }, value: 0.5, exemplarLabels: { trace_id: 'abc' } });
  seconds.observe({ labels: { route: 'b' }, value: 3, exemplarLabels: {} });
  const [either] = registers as [Registry];
  either.setContentType(format as Registry['contentType']);
  return either;
}

/** The times of exemplars differ, and the order of labels means nothing. */
const comparable = (text: string) =>
  text
    .replaceAll(/ \d{10}\.\d+$/gm, ' TIME')
    .replaceAll(/\{(.*?)\}/g, (_all, labels: string) => labels.split(',').toSorted().join());

describe('metricsText', () => {
  it.each([
    [true, Registry.OPENMETRICS_CONTENT_TYPE],
    [false, Registry.PROMETHEUS_CONTENT_TYPE],
  ])('writes what the registry of prom-client writes, OpenMetrics: %s', async (isOpen, format) => {
    const metrics = await registryOf(format).getMetricsAsJSON();
    const { text, contentType } = await metricsText(metrics, isOpen);
    expect(comparable(text)).toBe(comparable(await registryOf(format).metrics()));
    expect(contentType).toBe(format);
  });

  it('writes counters with one suffix, exemplars with traces, and an end', async () => {
    const metrics = await registryOf(Registry.OPENMETRICS_CONTENT_TYPE).getMetricsAsJSON();
    const { text } = await metricsText(metrics, true);
    expect(text).toContain('# TYPE requests counter\nrequests_total{route="a"} 1\n');
    expect(text).toContain('} 1 # {trace_id="abc"} 0.5 ');
    expect(text.endsWith('\n# EOF\n')).toBe(true);
  });

  it('leaves the metrics as they are', async () => {
    const metrics = await registryOf(Registry.PROMETHEUS_CONTENT_TYPE).getMetricsAsJSON();
    const before = JSON.stringify(metrics);
    await metricsText(metrics, true);
    expect(JSON.stringify(metrics)).toBe(before);
  });
});
describe('prefersOpenMetrics', () => {
  it.each([
    // Prometheus 2 and 3.
    [
      'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      true,
    ],
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
      true,
    ],
    ['text/plain;version=0.0.4;q=0.5,application/openmetrics-text;q=0.4', false],
    ['Application/OpenMetrics-Text', true],
    ['application/openmetrics-text;q=0', false],
    ['application/openmetrics-text;q=none', false],
    ['text/html,*/*;q=0.8', false],
    ['*/*', false],
    ['', false],
    [undefined, false],
  ])('%s: %s', (accept, expected) => {
    expect(prefersOpenMetrics(accept)).toBe(expected);
  });
});
