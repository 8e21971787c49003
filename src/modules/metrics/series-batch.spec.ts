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
  return { registry, batch };
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

  it('flushes a full batch at once', () => {
    const counts: number[] = [];
    const counter = { inc: (_: unknown, by: number) => counts.push(by) } as unknown as Counter;
    const histogram = { observe: () => undefined } as unknown as Histogram;
    const eager = new SeriesBatch({ counter, counterLabels: {}, histogram, histogramLabels: {} });
    for (let i = 0; i < 200; i++) eager.observe(1);
    expect(counts).toEqual([64, 64, 64]);
    SeriesBatch.flushAll();
    expect(counts).toEqual([64, 64, 64, 8]);
  });
});
