import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../common/clock.js';
import type { BreakerConfig, HealthConfig } from '../../config/upstream-config.js';
import { Breaker, type Permit } from './breaker.js';

const CONFIG: BreakerConfig = {
  errorRate: 0.5,
  window: 10_000,
  minRequests: 20,
  consecutiveFailures: 5,
  openFor: 5_000,
  maxOpenFor: 60_000,
  failureStatuses: [500],
  mode: 'enforce',
};

const DEADLINE = 3_000;
/** Jitter in the middle: open times are exact. */
const NO_JITTER = 0.5;

function setUp(config: Partial<BreakerConfig> = {}, health?: Pick<HealthConfig, 'failures' | 'passes'>) {
  const breaker = new Breaker({
    upstream: 'users',
    config: { ...CONFIG, ...config },
    health,
    clock: systemClock,
    random: () => NO_JITTER,
  });
  const log: string[] = [];
  breaker.transition.on(({ from, to, reason }) => log.push(`${from} > ${to}: ${reason}`));
  return { breaker, log };
}

function admit(breaker: Breaker): Permit {
  const permit = breaker.admit(DEADLINE);
  if (!permit) throw new TypeError('rejected');
  return permit;
}

const succeed = (permit: Permit) => permit.settle('success', 'success', '200');
const fail = (permit: Permit) => permit.settle('failure', 'reset', 'ECONNRESET');
const neutral = (permit: Permit) => permit.settle('neutral', 'client_gone', 'gone');

/** Votes reach the window a few microtasks later. */
const settled = () => vi.advanceTimersByTimeAsync(0);

async function failTimes(breaker: Breaker, times: number): Promise<void> {
  for (let i = 0; i < times; i++) fail(admit(breaker));
  await settled();
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

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

  it('starts to count anew after a success', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 4);
    succeed(admit(breaker));
    await failTimes(breaker, 4);
    expect(breaker.state).toBe('closed');
  });

  it('counts from nothing again after probes have closed it', async () => {
    const { breaker, log } = setUp({}, { failures: 3, passes: 1 });
    await failTimes(breaker, 5);
    breaker.reportProbe(true, '200');
    await failTimes(breaker, 4);
    expect([breaker.state, log.length]).toEqual(['closed', 2]);
    await failTimes(breaker, 1);
    expect(breaker.state).toBe('open');
  });

  it('lets a success count for its own time, and not for when it is looked at', async () => {
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
  it('says when to come back', async () => {
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
  it('changes state as ever, and rejects nothing', async () => {
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
});

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

  it('say when to come back while they hold it open: when it is next looked at', async () => {
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

  it('from before the trip do not end it', async () => {
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
