import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  admit,
  CONFIG,
  DEADLINE,
  fail,
  failTimes,
  neutral,
  setUp,
  succeed,
} from '../../../../test/support/breakers.js';
import type { Breaker } from './breaker.js';
import type { BreakerNews } from './breaker.types.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const OPENED = { kind: 'opened', reason: 'replicas', openFor: 2_000, trips: 3, failures: [] } as const;

function newsOf(breaker: Breaker): BreakerNews[] {
  const news: BreakerNews[] = [];
  breaker.news.on((each) => news.push(each));
  return news;
}

async function halfOpen(breaker: Breaker): Promise<void> {
  breaker.adopt(OPENED);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(breaker.state).toBe('half-open');
}

describe('Breaker tells', () => {
  it('that it opened, with its open time, its trips and its failures', async () => {
    const { breaker } = setUp();
    const news = newsOf(breaker);
    await failTimes(breaker, 5);
    const failures = breaker.lastFailures;
    const votes = { successes: 0, failures: 5 };
    expect(news).toEqual([
      { kind: 'opened', reason: 'consecutive-failures', openFor: 5_000, trips: 1, failures, votes },
    ]);
    expect(failures).toHaveLength(5);
  });

  it('that a trial began, ended without a result, and closed it', async () => {
    const { breaker } = setUp();
    await halfOpen(breaker);
    const news = newsOf(breaker);
    neutral(admit(breaker));
    succeed(admit(breaker));
    const began = { kind: 'trial', lasts: DEADLINE + 1_000 };
    const closed = { kind: 'closed', reason: 'trial-passed' };
    expect(news).toEqual([began, { kind: 'trial', lasts: 0 }, began, closed]);
  });

  it('nothing of calls while it is closed', () => {
    const { breaker } = setUp();
    const news = newsOf(breaker);
    neutral(admit(breaker));
    succeed(admit(breaker));
    fail(admit(breaker));
    expect(news).toEqual([]);
  });
});

describe('Breaker adopts', () => {
  it('an open time, and the backoff behind it', async () => {
    const { breaker, log } = setUp();
    breaker.adopt(OPENED);
    expect([breaker.state, breaker.openFor, breaker.admit(DEADLINE)]).toEqual(['open', 2_000, undefined]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(breaker.openFor).toBe(0);
    fail(admit(breaker));
    expect([breaker.state, breaker.openFor]).toEqual(['open', 40_000]);
    expect(log[0]).toBe('closed > open: replicas');
  });

  it('opening without an open time as a trip of its own, and keeps its failures', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 1);
    breaker.adopt({ kind: 'opened', reason: 'replicas' });
    expect([breaker.openFor, breaker.lastFailures.length]).toEqual([5_000, 1]);
    await vi.advanceTimersByTimeAsync(5_000);
    breaker.adopt({ kind: 'opened', reason: 'replicas' });
    expect(breaker.openFor).toBe(10_000);
  });

  it('no other open time while it is open', () => {
    const { breaker } = setUp();
    breaker.adopt(OPENED);
    breaker.adopt({ ...OPENED, openFor: 9_000 });
    expect(breaker.openFor).toBe(2_000);
  });

  it('that a trial elsewhere passed, and forgets its failures', async () => {
    const { breaker, log } = setUp({ consecutiveFailures: 1_000, minRequests: 4 });
    await failTimes(breaker, 3);
    breaker.adopt(OPENED);
    breaker.adopt({ kind: 'closed', reason: 'replicas' });
    expect(breaker.openFor).toBe(0);
    await failTimes(breaker, 3);
    expect([breaker.state, log.at(-1)]).toEqual(['closed', 'open > closed: replicas']);
  });

  it('nothing when it is closed already', () => {
    const { breaker, log } = setUp();
    const news = newsOf(breaker);
    breaker.adopt({ kind: 'closed', reason: 'replicas' });
    breaker.adopt({ kind: 'trial', lasts: 1_000 });
    expect([log, news, breaker.isRejecting]).toEqual([[], [], false]);
  });

  it('a trial elsewhere, and admits its own afterwards', async () => {
    const { breaker } = setUp();
    await halfOpen(breaker);
    breaker.adopt({ kind: 'trial', lasts: 1_000 });
    expect(breaker.admit(DEADLINE)).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(admit(breaker).isTrial).toBe(true);
  });

  it('nothing when it is only held', async () => {
    const { breaker } = setUp();
    await halfOpen(breaker);
    const news = newsOf(breaker);
    breaker.hold(1_000);
    expect([breaker.isRejecting, news]).toEqual([true, []]);
    breaker.hold(0);
    expect(breaker.isRejecting).toBe(false);
  });

  it('the end of a trial elsewhere', async () => {
    const { breaker } = setUp();
    await halfOpen(breaker);
    breaker.adopt({ kind: 'trial', lasts: 1_000 });
    breaker.adopt({ kind: 'trial', lasts: 0 });
    expect(admit(breaker).isTrial).toBe(true);
  });

  it('a transition over the result of its own trial', async () => {
    const { breaker } = setUp();
    await halfOpen(breaker);
    const trial = admit(breaker);
    breaker.adopt(OPENED);
    succeed(trial);
    expect(breaker.state).toBe('open');
  });

  it('and tells what it adopted, so that it is passed on', async () => {
    const { breaker } = setUp();
    const news = newsOf(breaker);
    await halfOpen(breaker);
    breaker.adopt({ kind: 'trial', lasts: 1_000 });
    breaker.adopt({ kind: 'closed', reason: 'replicas' });
    const closed = { kind: 'closed', reason: 'replicas' };
    expect(news).toEqual([
      { ...OPENED, failures: [], votes: { successes: 0, failures: 0 } },
      { kind: 'trial', lasts: 1_000 },
      closed,
    ]);
  });
});

describe('Breaker.agreesToOpen', () => {
  it.each([
    [4, 0, false],
    [3, 2, true],
    [2, 3, false],
  ])('with %i failures and %i successes: %s', async (failed, passed, agrees) => {
    const { breaker } = setUp();
    await failTimes(breaker, failed);
    for (let i = 0; i < passed; i++) succeed(admit(breaker));
    expect([breaker.state, breaker.agreesToOpen]).toEqual(['closed', agrees]);
  });

  it('needs no more calls than minRequests', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 2);
    breaker.reconfigure({ ...CONFIG, minRequests: 2 }, undefined);
    expect([breaker.state, breaker.agreesToOpen]).toEqual(['closed', true]);
  });
});
