import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { failTimes, settled, setUp } from '../../../../test/support/breakers.js';
import type { Breaker } from './breaker.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('health probes', () => {
  const health = { failures: 3, passes: 2 };
  const probe = async (breaker: Breaker, ...results: boolean[]) => {
    for (const passed of results) breaker.reportProbe(passed, passed ? '200' : 'timeout');
    await settled();
  };

  it('open the breaker after `failures` in a row', async () => {
    const { breaker, log } = setUp({}, health);
    await probe(breaker, false, false, true, false, false);
    expect(breaker.state).toBe('closed');
    await probe(breaker, false);
    expect(log).toEqual(['closed > open: health']);
    expect(breaker.lastFailures.at(-1)).toMatchObject({ outcome: 'probe', detail: 'timeout' });
  });

  it('hold it open while they fail', async () => {
    const { breaker, log } = setUp({}, health);
    await probe(breaker, false, false, false);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(breaker.state).toBe('open');
    expect(log).toHaveLength(1);
  });

  it('renew the Retry-After while they hold it open', async () => {
    const { breaker } = setUp({}, health);
    await probe(breaker, false, false, false);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(breaker.retryAfterSeconds).toBe(4);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(breaker.retryAfterSeconds).toBe(2);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(breaker.retryAfterSeconds).toBe(5);
  });

  it('end the open time early after `passes` good ones', async () => {
    const { breaker, log } = setUp({}, health);
    await failTimes(breaker, 5);
    await probe(breaker, true);
    expect(breaker.state).toBe('open');
    await probe(breaker, true);
    expect(log.at(-1)).toBe('open > closed: health');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('from before a trip do not close it', async () => {
    const { breaker } = setUp({}, health);
    await probe(breaker, true, true, true);
    await failTimes(breaker, 5);
    await probe(breaker, true);
    expect(breaker.state).toBe('open');
  });

  it('re-open a half-open breaker when they fail', async () => {
    const { breaker, log } = setUp({}, health);
    await failTimes(breaker, 5);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(breaker.state).toBe('half-open');
    await probe(breaker, false);
    expect(log.at(-1)).toBe('half-open > open: health');
  });

  it('do not count towards a row of failures of calls', async () => {
    const { breaker } = setUp({}, { failures: 10, passes: 2 });
    await probe(breaker, false, false);
    await failTimes(breaker, 4);
    expect(breaker.state).toBe('closed');
  });
});
