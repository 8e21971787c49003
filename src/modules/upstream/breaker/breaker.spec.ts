import CircuitBreaker from 'opossum';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  admit,
  CONFIG,
  DEADLINE,
  fail,
  failTimes,
  neutral,
  settled,
  setUp,
  succeed,
} from '../../../../test/support/breakers.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it('the slot of a trial that never ended is free for the trial after the next trip', async () => {
  const { breaker } = setUp({}, { failures: 3, passes: 1 });
  await failTimes(breaker, 5);
  await vi.advanceTimersByTimeAsync(5_000);
  expect([breaker.state, breaker.admit(600_000) === undefined]).toEqual(['half-open', false]);
  breaker.reportProbe(false, '503');
  expect(breaker.state).toBe('open');
  breaker.reportProbe(true, '200');
  expect(breaker.state).toBe('closed');
  await failTimes(breaker, 5);
  await vi.advanceTimersByTimeAsync(20_000);
  expect([breaker.state, breaker.admit(DEADLINE) === undefined]).toEqual(['half-open', false]);
});

describe('Breaker trips', () => {
  it('after consecutiveFailures in a row, and names the last five failures', async () => {
    const { breaker, log } = setUp();
    await failTimes(breaker, 4);
    expect(breaker.state).toBe('closed');
    await failTimes(breaker, 1);
    expect(breaker.state).toBe('open');
    expect(log).toEqual(['closed > open: consecutive-failures']);
    expect(breaker.lastFailures).toHaveLength(5);
    expect(breaker.lastFailures[0]).toMatchObject({ outcome: 'reset', detail: 'ECONNRESET' });
    expect(breaker.admit(DEADLINE)).toBeUndefined();
  });

  it('counts failures in a row from 0 again after a success', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 4);
    succeed(admit(breaker));
    await failTimes(breaker, 4);
    expect(breaker.state).toBe('closed');
  });

  it('counts failures in a row from 0 again after probes have closed it', async () => {
    const { breaker, log } = setUp({}, { failures: 3, passes: 1 });
    await failTimes(breaker, 5);
    breaker.reportProbe(true, '200');
    await failTimes(breaker, 4);
    expect([breaker.state, log.length]).toEqual(['closed', 2]);
    await failTimes(breaker, 1);
    expect(breaker.state).toBe('open');
  });

  it('counts a success at the time of its vote', async () => {
    const { breaker, log } = setUp({ consecutiveFailures: 1_000, minRequests: 10 });
    for (let i = 0; i < 30; i++) succeed(admit(breaker));
    await vi.advanceTimersByTimeAsync(9_000);
    await failTimes(breaker, 5);
    // By now the successes are forgotten, and the failures are not.
    await vi.advanceTimersByTimeAsync(3_000);
    await failTimes(breaker, 5);
    expect(log).toEqual(['closed > open: error-rate']);
  });

  it('at the error rate, once there were minRequests', async () => {
    const { breaker, log } = setUp({ consecutiveFailures: 1_000 });
    for (let i = 0; i < 9; i++) {
      succeed(admit(breaker));
      fail(admit(breaker));
    }
    await settled();
    // 18 requests, half of them failures: the rate is reached, the volume is not.
    expect(breaker.state).toBe('closed');
    succeed(admit(breaker));
    fail(admit(breaker));
    await settled();
    expect(log).toEqual(['closed > open: error-rate']);
  });

  it('not below the error rate', async () => {
    const { breaker } = setUp({ consecutiveFailures: 1_000 });
    for (let i = 0; i < 50; i++) {
      succeed(admit(breaker));
      succeed(admit(breaker));
      fail(admit(breaker));
    }
    await settled();
    expect(breaker.state).toBe('closed');
  });

  it('at 100% when that is the error rate', async () => {
    const { breaker } = setUp({ errorRate: 1, consecutiveFailures: 1_000 });
    await failTimes(breaker, 20);
    expect(breaker.state).toBe('open');
  });

  it('only on failures inside the window', async () => {
    const { breaker } = setUp({ consecutiveFailures: 1_000 });
    await failTimes(breaker, 19);
    await vi.advanceTimersByTimeAsync(CONFIG.window + 1_000);
    await failTimes(breaker, 19);
    expect(breaker.state).toBe('closed');
  });
});

describe('Breaker while open', () => {
  it('tells the seconds until the next trial', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 5);
    expect(breaker.retryAfterSeconds).toBe(5);
    await vi.advanceTimersByTimeAsync(3_500);
    expect(breaker.retryAfterSeconds).toBe(2);
  });

  it('half-opens after openFor and admits one trial', async () => {
    const { breaker, log } = setUp();
    await failTimes(breaker, 5);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(breaker.admit(DEADLINE)).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(log.at(-1)).toBe('open > half-open: open-elapsed');
    const trial = admit(breaker);
    expect(breaker.admit(DEADLINE)).toBeUndefined();
    succeed(trial);
    await settled();
    expect(log.at(-1)).toBe('half-open > closed: trial-passed');
    await failTimes(breaker, 4);
    expect(breaker.state).toBe('closed');
  });

  it('doubles the open time with each failed trial, up to maxOpenFor', async () => {
    const { breaker, log } = setUp({ maxOpenFor: 15_000 });
    await failTimes(breaker, 5);
    for (const openFor of [5_000, 10_000, 15_000, 15_000]) {
      await vi.advanceTimersByTimeAsync(openFor - 1);
      expect(breaker.state).toBe('open');
      await vi.advanceTimersByTimeAsync(1);
      expect(breaker.state).toBe('half-open');
      await failTimes(breaker, 1);
      expect(log.at(-1)).toBe('half-open > open: trial-failed');
    }
  });

  it.each([
    [0, 4_000],
    [0.999_999, 6_000],
  ])('spreads the open time by 20%% either way, with a random number of %d to %d ms', async (random, ms) => {
    const { breaker } = setUp({}, undefined, random);
    await failTimes(breaker, 5);
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(breaker.state).toBe('open');
    await vi.advanceTimersByTimeAsync(1);
    expect(breaker.state).toBe('half-open');
  });

  it('never stays open for longer than maxOpenFor', async () => {
    const { breaker } = setUp({ maxOpenFor: 5_000 }, undefined, 0.999_999);
    await failTimes(breaker, 5);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(breaker.state).toBe('half-open');
  });

  it('starts at openFor again after a stable close, and only then', async () => {
    const { breaker } = setUp();
    const tripAndClose = async (openFor: number) => {
      await failTimes(breaker, 5);
      await vi.advanceTimersByTimeAsync(openFor - 1);
      expect(breaker.state).toBe('open');
      await vi.advanceTimersByTimeAsync(1);
      succeed(admit(breaker));
      await settled();
      expect(breaker.state).toBe('closed');
    };
    await tripAndClose(5_000);
    await tripAndClose(10_000);
    await vi.advanceTimersByTimeAsync(CONFIG.window);
    await tripAndClose(5_000);
  });

  it('forgets, once closed, the failures from before the trip', async () => {
    const { breaker } = setUp({ consecutiveFailures: 1_000 });
    await failTimes(breaker, 20);
    await vi.advanceTimersByTimeAsync(5_000);
    succeed(admit(breaker));
    await settled();
    await failTimes(breaker, 19);
    expect(breaker.state).toBe('closed');
  });
});

describe('Breaker in shadow', () => {
  it('changes state as in enforce mode, and rejects nothing', async () => {
    const { breaker, log } = setUp({ mode: 'shadow' });
    await failTimes(breaker, 5);
    expect(log).toEqual(['closed > open: consecutive-failures']);
    for (let i = 0; i < 3; i++) succeed(admit(breaker));
    await settled();
    expect(breaker.state).toBe('open');
    await vi.advanceTimersByTimeAsync(5_000);
    const trial = admit(breaker);
    fail(admit(breaker));
    succeed(trial);
    await settled();
    expect(log.at(-1)).toBe('half-open > closed: trial-passed');
  });
});

describe('traps of opossum that stay neutralised', () => {
  it('a neutral outcome neither closes nor re-opens a half-open breaker, and frees the trial slot', async () => {
    const { breaker, log } = setUp();
    await failTimes(breaker, 5);
    await vi.advanceTimersByTimeAsync(5_000);
    neutral(admit(breaker));
    await settled();
    expect(breaker.state).toBe('half-open');
    succeed(admit(breaker));
    await settled();
    expect(log.at(-1)).toBe('half-open > closed: trial-passed');
  });

  it('a trial that could not be sent neither closes nor re-opens a half-open breaker, and frees its slot', async () => {
    const { breaker, log } = setUp();
    await failTimes(breaker, 5);
    await vi.advanceTimersByTimeAsync(5_000);
    admit(breaker).settle('none', 'bulkhead_full', '');
    expect(breaker.state).toBe('half-open');
    succeed(admit(breaker));
    expect(log.at(-1)).toBe('half-open > closed: trial-passed');
  });

  it('neutral outcomes do not dilute the error rate', async () => {
    const { breaker } = setUp({ consecutiveFailures: 1_000 });
    for (let i = 0; i < 100; i++) neutral(admit(breaker));
    await failTimes(breaker, 20);
    expect(breaker.state).toBe('open');
  });

  it('neutral outcomes do not interrupt a row of failures', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 4);
    neutral(admit(breaker));
    await failTimes(breaker, 1);
    expect(breaker.state).toBe('open');
  });

  it.each([
    ['success', succeed],
    ['failure', fail],
  ])('a late %s from before the trip does not move a half-open breaker', async (_, settle) => {
    const { breaker } = setUp();
    const early = admit(breaker);
    await failTimes(breaker, 5);
    await vi.advanceTimersByTimeAsync(5_000);
    settle(early);
    await settled();
    expect(breaker.state).toBe('half-open');
    succeed(admit(breaker));
    await settled();
    expect(breaker.state).toBe('closed');
  });

  it('a trial that never settles does not wedge the breaker', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 5);
    await vi.advanceTimersByTimeAsync(5_000);
    admit(breaker);
    await vi.advanceTimersByTimeAsync(DEADLINE + 999);
    expect(breaker.admit(DEADLINE)).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    succeed(admit(breaker));
    await settled();
    expect(breaker.state).toBe('closed');
  });

  // opossum adds up its window, and sorts its latencies, at each failure that it is told of. Its `fire` rejects once it
  // is shut down, and nobody would handle that.
  it('no call goes through opossum, and votes emit none of its events while it is closed', async () => {
    const fired = vi.spyOn(CircuitBreaker.prototype, 'call');
    const emitted = vi.spyOn(CircuitBreaker.prototype, 'emit');
    const { breaker } = setUp({ consecutiveFailures: 1_000 });
    const late = admit(breaker);
    for (let i = 0; i < 19; i++) (i % 2 === 0 ? succeed : fail)(admit(breaker));
    expect(emitted).not.toHaveBeenCalled();
    breaker.shutdown();
    succeed(late);
    expect(fired).not.toHaveBeenCalled();
  });

  it('opossum keeps no percentiles and takes no snapshots', async () => {
    const opened = vi.spyOn(CircuitBreaker.prototype, 'open');
    await failTimes(setUp().breaker, 5);
    const [engine] = opened.mock.contexts as CircuitBreaker[];
    // These are the values without percentiles.
    expect(engine?.stats).toMatchObject({ latencyMean: -1, percentiles: { 0.5: -1, 1: -1 } });
    expect(engine?.status).toMatchObject({ enableSnapshots: false });
  });

  it('a permit votes once', async () => {
    const { breaker } = setUp({ consecutiveFailures: 2 });
    const permit = admit(breaker);
    fail(permit);
    fail(permit);
    await settled();
    expect(breaker.state).toBe('closed');
  });

  it('no timer outlives a shutdown, closed or open', async () => {
    const closed = setUp().breaker;
    const open = setUp().breaker;
    await failTimes(open, 5);
    expect(vi.getTimerCount()).toBe(1);
    closed.shutdown();
    open.shutdown();
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['succeeds', succeed],
    ['fails', fail],
  ])('a call that %s after a shutdown is no transition', async (_, settle) => {
    const { breaker, log } = setUp({ consecutiveFailures: 1 });
    const permit = admit(breaker);
    breaker.shutdown();
    settle(permit);
    expect([log, vi.getTimerCount()]).toEqual([[], 0]);
  });
});
