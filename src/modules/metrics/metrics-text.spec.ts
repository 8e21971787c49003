import { Readable } from 'node:stream';
import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { metricsText, readable, valuesInParts } from './metrics-text.js';

/** Metrics with so many series each, of which the first has observed a traced request. */
function registryOf(series: number): Registry {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  // Metrics with exemplars can only be made for such a registry.
  const registers = [registry as unknown as Registry];
  const requests = new Counter({
    name: 'requests_total',
    help: 'Requests',
    labelNames: ['route'],
    registers,
  });
  const names = { name: 'seconds', help: 'Seconds', labelNames: ['route', 'method'], buckets: [1, 5] };
  const seconds = new Histogram({ ...names, registers, enableExemplars: true });
  new Gauge({ name: 'open', help: 'Open ones', registers, collect: () => void collected++ }).set(2);
  for (let i = 0; i < series; i++) {
    requests.inc({ route: `route-${i}` }, i + 1);
    const exemplarLabels = i === 0 ? { trace_id: 'abc' } : {};
    seconds.observe({ labels: { route: `route-${i}`, method: 'GET' }, value: i + 0.5, exemplarLabels });
  }
  return registers[0] as Registry;
}

type Metrics = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

let collected = 0;

const textOf = async (...args: Parameters<typeof metricsText>) =>
  (await Readable.from(metricsText(...args)).toArray()).join('').replaceAll(/ \d{10}\.\d+$/gm, ' TIME');

describe('metricsText', () => {
  it('writes what the registry of prom-client writes in the classic format', async () => {
    const registry = registryOf(120);
    registry.setContentType(Registry.PROMETHEUS_CONTENT_TYPE);
    expect(await textOf(registry.getMetricsAsArray(), false)).toBe(await registry.metrics());
  });

  it('writes what it writes in the format of OpenMetrics, and leaves the names of its counters', async () => {
    const metrics = registryOf(120).getMetricsAsArray();
    const text = await textOf(metrics, true);
    expect(metrics.map(({ name }) => name)).toEqual(['requests_total', 'seconds', 'open']);
    expect(text).toBe((await registryOf(120).metrics()).replaceAll(/ \d{10}\.\d+$/gm, ' TIME'));
    expect(text).toContain('# TYPE requests counter\nrequests_total{route="route-0"} 1\n');
    expect(text).toContain('} 1 # {trace_id="abc"} 0.5 TIME\n');
    expect(text.endsWith('\n# EOF\n')).toBe(true);
  });

  it('writes metrics without series', async () => {
    const registry = registryOf(0);
    expect(await textOf(registry.getMetricsAsArray(), true)).toBe(await registryOf(0).metrics());
  });

  it.each([true, false])(
    'writes the same of metrics whose values are known, OpenMetrics: %s',
    async (isOpen) => {
      const registry = registryOf(2);
      const known = (await registry.getMetricsAsJSON()).map(readable);
      const sorted = (text: string) =>
        text.replaceAll(/\{(.*?)\}/g, (_all, labels: string) => labels.split(',').toSorted().join());
      // The labels of known values have another order.
      expect(sorted(await textOf(known, isOpen))).toEqual(
        sorted(await textOf(registry.getMetricsAsArray(), isOpen)),
      );
    },
  );

  it('writes a few series at a time, and reads a gauge once', async () => {
    collected = 0;
    const parts: string[] = await Readable.from(
      metricsText(registryOf(120).getMetricsAsArray(), false),
    ).toArray();
    const counts = parts.map((part) => part.match(/^requests_total/gm)?.length ?? 0);
    expect(counts.filter((count) => count > 0)).toEqual([50, 50, 20]);
    expect(collected).toBe(1);
  });
});

describe('valuesInParts', () => {
  it('has the values of the registry, of a few series at a time', async () => {
    const registry = registryOf(120);
    const parts = await Readable.from(valuesInParts(registry.getMetricsAsArray())).toArray();
    const valuesOf = (metrics: Metrics, name: string) =>
      metrics.filter((each) => each.name === name).flatMap(({ values }) => values);
    const expected = await registry.getMetricsAsJSON();
    for (const name of ['requests_total', 'seconds', 'open'])
      expect(valuesOf(parts.flat() as Metrics, name)).toEqual(valuesOf(expected, name));
    expect((parts as Metrics[]).map(([metric]) => metric?.values.length)).toContain(50);
  });
});
