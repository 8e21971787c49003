import { describe, expect, it } from 'vitest';
import { bucketOf, BUCKETS } from './latency-buckets.js';
import { COUNTS, KEPT_SECONDS, TrafficHistory } from './traffic-history.js';

const START = 1_800_000_000;

/** Requests of `api` with one latency. */
function sample(second: number, requests: number, { ms = 10, errors = 0 } = {}) {
  const counts = new Uint32Array(COUNTS.length);
  counts[COUNTS.indexOf('requests')] = requests;
  counts[COUNTS.indexOf('errors')] = errors;
  const latencies = new Uint32Array(BUCKETS);
  latencies[bucketOf(ms)] = requests;
  return { second, upstreams: [{ upstream: 'api', counts, latencies }] };
}

describe('TrafficHistory', () => {
  it('has the counts and the percentiles of each second, and none of those without requests', () => {
    const history = new TrafficHistory();
    history.add(sample(START, 3, { errors: 1 }));
    history.add(sample(START + 2, 5, { ms: 100 }));
    expect(history.rates('api', START + 4, 5)).toMatchObject({
      from: START - 1,
      requests: [0, 3, 0, 5, 0],
      errors: [0, 1, 0, 0, 0],
      p50: [null, 11.3, null, 108, null],
    });
  });

  it('adds up the processes of a gateway, percentiles included', () => {
    const history = new TrafficHistory();
    history.add(sample(START, 50));
    history.add(sample(START, 50, { ms: 1_000 }));
    const { requests, p50, p95 } = history.rates('api', START + 1, 1);
    expect({ requests, p50, p95 }).toEqual({ requests: [100], p50: [11.3], p95: [1020] });
  });

  it('sums the last seconds, the current one included', () => {
    const history = new TrafficHistory();
    for (let i = 0; i < 20; i++) history.add(sample(START + i, 1));
    expect(history.sums('api', START + 19, 10)).toMatchObject({ requests: 11, errors: 0, p99: 11.3 });
    expect(history.sums('none', START + 19, 10)).toMatchObject({ requests: 0 });
  });

  it('keeps 15 minutes, also after a long pause', () => {
    const history = new TrafficHistory();
    for (let i = 0; i < KEPT_SECONDS + 100; i++) history.add(sample(START + i, 1));
    const now = START + KEPT_SECONDS + 100;
    expect(history.sums('api', now, 10 * KEPT_SECONDS).requests).toBe(KEPT_SECONDS);
    history.add(sample(now + 10 * KEPT_SECONDS, 1));
    expect(history.sums('api', now + 10 * KEPT_SECONDS, KEPT_SECONDS).requests).toBe(1);
  });

  it('takes late samples, and ignores those that are too late', () => {
    const history = new TrafficHistory();
    history.add(sample(START, 1));
    history.add(sample(START - 30, 1));
    history.add(sample(START - KEPT_SECONDS, 1));
    expect(history.sums('api', START, KEPT_SECONDS).requests).toBe(2);
  });
});

describe('the buckets of latencies', () => {
  it.each([0, 0.1, 0.25, 1, 10, 1_000, 38_000])('of %d ms have a bound that is at most 19%% larger', (ms) => {
    const history = new TrafficHistory();
    history.add(sample(START, 1, { ms }));
    const { p50 = 0 } = history.sums('api', START, 1);
    expect(p50).toBeGreaterThanOrEqual(ms * 0.99);
    expect(p50).toBeLessThanOrEqual(Math.max(0.25, ms * 1.2));
  });

  it('end with one for everything above', () => {
    expect(bucketOf(3_600_000)).toBe(BUCKETS - 1);
  });
});
