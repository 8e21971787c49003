import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { admit, CONFIG, fail, failTimes, setUp, succeed } from '../../../../test/support/breakers.js';
import { LONGEST_TIMER_MS } from '../../../common/units.js';
import type { Breaker } from './breaker.js';
import { Permit } from './permit.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const MINUTES = 60_000;
const HEALTH = { failures: 2, passes: 2 } as const;

function reasonsOf(breaker: Breaker): string[] {
  const reasons: string[] = [];
  breaker.transition.on(({ to, reason }) => reasons.push(`${to}: ${reason}`));
  return reasons;
}

const passProbes = (breaker: Breaker, times = 5) => {
  for (let i = 0; i < times; i++) breaker.reportProbe(true, '200');
};

describe('Breaker that an operator isolates', () => {
  it('rejects calls for the given time, and then tries', async () => {
    const { breaker } = setUp();
    const reasons = reasonsOf(breaker);
    breaker.isolate(10 * MINUTES);
    expect(breaker.admit(1)).toBeUndefined();
    await vi.advanceTimersByTimeAsync(10 * MINUTES - 1);
    expect(breaker.state).toBe('open');
    await vi.advanceTimersByTimeAsync(1);
    succeed(admit(breaker));
    expect(reasons).toEqual(['open: manual', 'half-open: open-elapsed', 'closed: trial-passed']);
  });

  it('stays open until it is released, for longer than a timer can last', async () => {
    const { breaker } = setUp();
    breaker.isolate(Number.POSITIVE_INFINITY);
    await vi.advanceTimersByTimeAsync(2 * LONGEST_TIMER_MS);
    expect(breaker.state).toBe('open');
    expect(breaker.retryAfterSeconds).toBe(CONFIG.maxOpenFor / 1000);
    breaker.release();
    await vi.advanceTimersByTimeAsync(1);
    expect(breaker.state).toBe('half-open');
  });

  it('is not closed by probes or by other replicas', () => {
    const { breaker } = setUp({}, HEALTH);
    breaker.isolate(10 * MINUTES);
    passProbes(breaker);
    breaker.adopt({ kind: 'closed', reason: 'replicas' });
    breaker.adopt({ kind: 'closed', reason: 'trial-passed' });
    expect(breaker.state).toBe('open');
  });

  it('is held open by failing probes after its time for as long as it would by itself', async () => {
    const { breaker } = setUp({}, HEALTH);
    breaker.isolate(10 * MINUTES);
    breaker.reportProbe(false, '503');
    await vi.advanceTimersByTimeAsync(10 * MINUTES);
    expect(breaker.state).toBe('open');
    passProbes(breaker, HEALTH.passes);
    expect(breaker.state).toBe('closed');
  });

  it('takes the new time when it is open already', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 5);
    const reasons = reasonsOf(breaker);
    breaker.isolate(10 * MINUTES);
    await vi.advanceTimersByTimeAsync(9 * MINUTES);
    breaker.isolate(10 * MINUTES);
    await vi.advanceTimersByTimeAsync(9 * MINUTES);
    expect(breaker.state).toBe('open');
    expect(reasons).toEqual([]);
  });

  it('makes a new process open for the rest of its time', async () => {
    const [{ breaker }, { breaker: other }] = [setUp(), setUp()];
    breaker.isolate(10 * MINUTES);
    await vi.advanceTimersByTimeAsync(4 * MINUTES);
    const news = breaker.asNews;
    if (news) other.adopt(news);
    expect(other.isolatedFor).toBe(6 * MINUTES);
    expect(other.state).toBe('open');
  });
});

describe('Breaker that an operator closes', () => {
  it('admits calls at once, and counts anew', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 5);
    const reasons = reasonsOf(breaker);
    breaker.closeManually();
    await failTimes(breaker, 4);
    expect(breaker.state).toBe('closed');
    fail(admit(breaker));
    expect(reasons).toEqual(['closed: manual', 'open: consecutive-failures']);
  });

  it('ends an isolation', () => {
    const { breaker } = setUp();
    breaker.isolate(Number.POSITIVE_INFINITY);
    breaker.closeManually();
    expect(breaker.isolatedFor).toBe(0);
    expect(breaker.admit(1)).toBeInstanceOf(Permit);
  });

  it('reports no transition when it is closed already', () => {
    const { breaker } = setUp();
    const reasons = reasonsOf(breaker);
    breaker.closeManually();
    expect(reasons).toEqual([]);
  });
});

describe('Breaker that an operator releases', () => {
  it('stays as it is when nobody has isolated it', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 5);
    const left = breaker.openFor;
    breaker.release();
    expect(breaker.openFor).toBe(left);
  });
});

it('tells what was counted, and which target failed, with a transition', () => {
  const { breaker } = setUp();
  const transitions: object[] = [];
  breaker.transition.on((each) => transitions.push(each));
  succeed(admit(breaker));
  for (let i = 0; i < 5; i++) admit(breaker).settle('failure', 'reset', 'ECONNRESET', 'a:1');
  expect(transitions).toMatchObject([
    {
      votes: { successes: 1, failures: 5 },
      failures: Array.from({ length: 5 }, () => ({ detail: 'ECONNRESET', target: 'a:1' })),
    },
  ]);
});
