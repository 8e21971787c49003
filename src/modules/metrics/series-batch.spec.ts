import { Counter, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { SeriesBatch } from './series-batch.js';

function metrics() {
  const registers = [new Registry()];
  const collect = () => SeriesBatch.flushAll();
  const counter = new Counter({ name: 'calls', help: 'c', labelNames: ['to'], registers, collect });
  const histogram = new Histogram({
    name: 'seconds',
    help: 'h',
    labelNames: ['to'],
    buckets: [1],
    registers,
    collect,
  });
  const batch = (to: string) => new SeriesBatch(counter, { to }, histogram, { to });
  return { registry: registers[0] ?? new Registry(), batch };
}

describe('SeriesBatch', () => {
  it('includes all observations in the next scrape', async () => {
    const { registry, batch } = metrics();
    const a = batch('a');
    a.observe(0.5);
    a.observe(2);
    batch('b').observe(0.5);
    const text = await registry.metrics();
    expect(text).toContain('calls{to="a"} 2');
    expect(text).toContain('seconds_bucket{le="1",to="a"} 1');
    expect(text).toContain('seconds_sum{to="a"} 2.5');
    expect(text).toContain('seconds_count{to="b"} 1');
  });

  it('counts no observation twice', async () => {
    const { registry, batch } = metrics();
    const a = batch('a');
    for (let i = 0; i < 130; i++) a.observe(1);
    expect(await registry.metrics()).toContain('calls{to="a"} 130');
    expect(await registry.metrics()).toContain('calls{to="a"} 130');
    a.observe(1);
    const text = await registry.metrics();
    expect(text).toContain('calls{to="a"} 131');
    expect(text).toContain('seconds_count{to="a"} 131');
  });

  it('flushes a full batch at once', () => {
    const counts: number[] = [];
    const counter = { inc: (_: unknown, by: number) => counts.push(by) } as unknown as Counter;
    const histogram = { observe: () => undefined } as unknown as Histogram;
    const eager = new SeriesBatch(counter, {}, histogram, {});
    for (let i = 0; i < 200; i++) eager.observe(1);
    expect(counts).toEqual([64, 64, 64]);
    SeriesBatch.flushAll();
    expect(counts).toEqual([64, 64, 64, 8]);
  });
});
