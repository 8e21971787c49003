import { Counter, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { Tally } from './tally.js';

function metrics() {
  const registers = [new Registry()];
  const collect = () => Tally.handOver();
  const counter = new Counter({ name: 'calls', help: 'c', labelNames: ['to'], registers, collect });
  const histogram = new Histogram({
    name: 'seconds',
    help: 'h',
    labelNames: ['to'],
    buckets: [1],
    registers,
    collect,
  });
  const tally = (to: string) => new Tally({ counter, counted: { to }, histogram, timed: { to } });
  return { registry: registers[0] ?? new Registry(), tally };
}

describe('Tally', () => {
  it('has handed everything over by the time of a scrape', async () => {
    const { registry, tally } = metrics();
    const a = tally('a');
    a.record(0.5);
    a.record(2);
    tally('b').record(0.5);
    const text = await registry.metrics();
    expect(text).toContain('calls{to="a"} 2');
    expect(text).toContain('seconds_bucket{le="1",to="a"} 1');
    expect(text).toContain('seconds_sum{to="a"} 2.5');
    expect(text).toContain('seconds_count{to="b"} 1');
  });

  it('counts on after a scrape, and nothing twice', async () => {
    const { registry, tally } = metrics();
    const a = tally('a');
    for (let i = 0; i < 130; i++) a.record(1);
    expect(await registry.metrics()).toContain('calls{to="a"} 130');
    expect(await registry.metrics()).toContain('calls{to="a"} 130');
    a.record(1);
    const text = await registry.metrics();
    expect(text).toContain('calls{to="a"} 131');
    expect(text).toContain('seconds_count{to="a"} 131');
  });

  it('keeps no more than a batch to itself', () => {
    const counts: number[] = [];
    const counter = { inc: (_: unknown, by: number) => counts.push(by) } as unknown as Counter;
    const histogram = { observe: () => undefined } as unknown as Histogram;
    const eager = new Tally({ counter, counted: {}, histogram, timed: {} });
    for (let i = 0; i < 200; i++) eager.record(1);
    expect(counts).toEqual([64, 64, 64]);
    Tally.handOver();
    expect(counts).toEqual([64, 64, 64, 8]);
  });
});
