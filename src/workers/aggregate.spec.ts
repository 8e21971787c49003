import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { addCounts, aggregate } from './aggregate.js';

type Rule = 'first' | 'sum' | 'min';

/** The metrics of a process in which everything that is counted or measured has this value. */
function metricsOf(value: number) {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, aggregator: Rule) =>
    new Gauge({ name, help: name, aggregator, registers }).set(value);
  gauge('breaker_state', 'first');
  gauge('in_flight', 'sum');
  gauge('backend_up', 'min');
  gauge('process_start_time_seconds', 'sum');
  gauge('nodejs_eventloop_lag_p99_seconds', 'sum');
  gauge('process_resident_memory_bytes', 'sum');
  new Counter({ name: 'requests', help: '-', labelNames: ['route'], registers }).inc({ route: 'a' }, value);
  new Counter({ name: 'reloads', help: '-', aggregator: 'first', registers }).inc(value);
  new Histogram({ name: 'duration', help: '-', buckets: [10], registers }).observe(value);
  return registry.getMetricsAsJSON();
}

async function valuesOf(text: Promise<string>) {
  const lines = (await text).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => line.split(' ')));
}

describe('aggregate', () => {
  it('applies the rule of each metric', async () => {
    const workers = [await metricsOf(3), await metricsOf(20)];
    expect(await valuesOf(aggregate(await metricsOf(1), workers, []).metrics())).toEqual({
      // Of the primary.
      breaker_state: '1',
      reloads: '1',
      process_start_time_seconds: '1',
      // Of the workers.
      in_flight: '23',
      backend_up: '3',
      // Of all.
      process_resident_memory_bytes: '24',
      nodejs_eventloop_lag_p99_seconds: '20',
      'requests{route="a"}': '24',
      duration_count: '3',
      duration_sum: '24',
      'duration_bucket{le="10"}': '2',
      'duration_bucket{le="+Inf"}': '3',
    });
  });

  it('keeps what workers have counted before they ended, and nothing else of them', async () => {
    let departed = await addCounts([], await metricsOf(100));
    departed = await addCounts(departed, await metricsOf(1000));
    const values = await valuesOf(aggregate(await metricsOf(1), [await metricsOf(3)], departed).metrics());
    expect(values).toMatchObject({
      reloads: '1',
      in_flight: '3',
      process_resident_memory_bytes: '4',
      'requests{route="a"}': '1104',
      duration_count: '4',
      'duration_bucket{le="10"}': '2',
    });
  });
});
