import { Counter, Histogram, type OpenMetricsContentType, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { SeriesBatch } from './series-batch.js';

function metrics() {
  // Only such a registry has exemplars.
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const registers = [registry as unknown as Registry];
  const collect = () => SeriesBatch.flushAll();
  const counter = new Counter({ name: 'calls', help: 'c', labelNames: ['to'], registers, collect });
  const histogram = new Histogram({
    name: 'seconds',
    help: 'h',
    labelNames: ['to'],
    buckets: [1],
    enableExemplars: true,
    registers,
    collect,
  });
  const batch = (to: string) =>
    new SeriesBatch({ counter, counterLabels: { to }, histogram, histogramLabels: { to } });
  return { registry, batch, counter, histogram };
}

describe('SeriesBatch', () => {
  it('includes all observations in the next scrape', async () => {
    const { registry, batch } = metrics();
    const a = batch('a');
    a.observe(0.5);
    a.observe(2);
    batch('b').observe(0.5);
    const text = await registry.metrics();
    expect(text).toContain('calls_total{to="a"} 2');
    expect(text).toContain('seconds_bucket{le="1",to="a"} 1');
    expect(text).toContain('seconds_sum{to="a"} 2.5');
    expect(text).toContain('seconds_count{to="b"} 1');
  });

  it('counts no observation twice', async () => {
    const { registry, batch } = metrics();
    const a = batch('a');
    for (let i = 0; i < 130; i++) a.observe(1);
    expect(await registry.metrics()).toContain('calls_total{to="a"} 130');
    expect(await registry.metrics()).toContain('calls_total{to="a"} 130');
    a.observe(1);
    const text = await registry.metrics();
    expect(text).toContain('calls_total{to="a"} 131');
    expect(text).toContain('seconds_count{to="a"} 131');
  });

  it('has the trace of a request as the exemplar of its bucket', async () => {
    const { registry, batch } = metrics();
    const a = batch('a');
    a.observe(0.25);
    a.observe(0.5, 'trace-1');
    a.observe(0.75);
    a.observe(3, 'trace-2');
    const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('seconds_bucket'));
    expect(lines).toEqual([
      expect.stringMatching(/^seconds_bucket\{le="1",to="a"\} 3 # \{trace_id="trace-1"\} 0\.5 [\d.]+$/),
      expect.stringMatching(/^seconds_bucket\{le="\+Inf",to="a"\} 4 # \{trace_id="trace-2"\} 3 [\d.]+$/),
    ]);
  });

  it('counts what a histogram of prom-client would', async () => {
    const names = { name: 'seconds', help: 'h', labelNames: ['to', 'by'], buckets: [0.1, 1, 5] };
    const [expected, actual] = [new Registry(), new Registry()];
    const direct = new Histogram({ ...names, registers: [expected] });
    const own = new Histogram({ ...names, registers: [actual], collect: () => SeriesBatch.flushAll() });
    const { counter, histogram } = metrics();
    const options = { counter, counterLabels: { to: 'a' }, histogram, histogramLabels: { to: 'a' } };
    const labels = [
      { to: 'a', by: 'x' },
      { by: 'y', to: 'b' },
      { to: 'a', by: 'x' },
    ];
    const batches = labels.map(
      (each) => new SeriesBatch({ ...options, own: { histogram: own, labels: each } }),
    );
    for (const value of [0, 0.1, 0.25, 1, 1.5, 5, 6, 0.5]) {
      for (const [i, batch] of batches.entries()) {
        direct.observe(labels[i] ?? {}, value * (i + 1));
        batch.observe(0, undefined, value * (i + 1));
      }
      // Series that are known already as well.
      if (value === 1) await actual.metrics();
    }
    expect(await actual.metrics()).toBe(await expected.metrics());
    own.reset();
    direct.reset();
    batches[0]?.observe(0, undefined, 2);
    direct.observe(labels[0] ?? {}, 2);
    expect(await actual.metrics()).toBe(await expected.metrics());
  });
});
