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
import type { BreakerNews } from './breaker.types.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The breakers of one upstream in two processes. Each hears the news of the other at once. */
function setUpTwo(config: Partial<typeof CONFIG> = {}) {
  const [a, b] = [setUp(config), setUp(config)];
  const told: BreakerNews[] = [];
  let isAdopting = false;
  const connect = (from: typeof a, to: typeof a) =>
    from.breaker.news.on((news) => {
      // What was adopted is told as well.
      if (isAdopting) return;
      told.push(news);
      isAdopting = true;
      to.breaker.adopt(news);
      isAdopting = false;
    });
  connect(a, b);
  connect(b, a);
  return { a, b, told };
}

describe('breakers of the same upstream', () => {
  it('open and close together, with the same reason and the same failures', async () => {
    const { a, b } = setUpTwo();
    await failTimes(a.breaker, 5);
    expect(b.breaker.state).toBe('open');
    expect(b.log).toEqual(['closed > open: consecutive-failures']);
    expect(b.breaker.lastFailures).toEqual(a.breaker.lastFailures);
    expect(b.breaker.retryAfterSeconds).toBe(a.breaker.retryAfterSeconds);
    await vi.advanceTimersByTimeAsync(5_000);
    succeed(admit(b.breaker));
    await settled();
    expect([a.breaker.state, b.breaker.state]).toEqual(['closed', 'closed']);
    expect(a.log.at(-1)).toBe('half-open > closed: trial-passed');
  });

  it('open for longer together when a trial fails', async () => {
    const { a, b } = setUpTwo();
    await failTimes(a.breaker, 5);
    await vi.advanceTimersByTimeAsync(5_000);
    fail(admit(b.breaker));
    await settled();
    expect([a.breaker.state, a.breaker.retryAfterSeconds]).toEqual(['open', 10]);
    await vi.advanceTimersByTimeAsync(10_000);
    fail(admit(a.breaker));
    await settled();
    expect([b.breaker.state, b.breaker.retryAfterSeconds]).toEqual(['open', 20]);
  });

  it('admit one trial in all, and the next one after a trial without a result', async () => {
    const { a, b } = setUpTwo();
    await failTimes(a.breaker, 5);
    await vi.advanceTimersByTimeAsync(5_000);
    const trial = admit(a.breaker);
    expect(b.breaker.admit(DEADLINE)).toBeUndefined();
    neutral(trial);
    const next = admit(b.breaker);
    expect(a.breaker.admit(DEADLINE)).toBeUndefined();
    succeed(next);
    expect(a.breaker.state).toBe('closed');
  });

  it('admit another trial when the process with the first one has ended', async () => {
    const { a, b } = setUpTwo();
    await failTimes(a.breaker, 5);
    await vi.advanceTimersByTimeAsync(5_000);
    admit(a.breaker);
    await vi.advanceTimersByTimeAsync(DEADLINE + 1_000);
    expect(b.breaker.admit(DEADLINE)?.isTrial).toBe(true);
  });

  it('ignore calls from before a transition of another process', async () => {
    const { a, b } = setUpTwo();
    const early = admit(b.breaker);
    await failTimes(a.breaker, 5);
    await vi.advanceTimersByTimeAsync(5_000);
    succeed(early);
    expect(b.breaker.state).toBe('half-open');
  });

  it('stay as they are when both have decided the same', async () => {
    const { a, told } = setUpTwo();
    await failTimes(a.breaker, 5);
    const [news] = told;
    if (news) a.breaker.adopt(news);
    expect(a.log).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5_000);
    succeed(admit(a.breaker));
    a.breaker.adopt({ kind: 'closed', reason: 'trial-passed' });
    expect(a.log).toHaveLength(3);
  });

  it('open a breaker that comes later, for the rest of the open time', async () => {
    const { a } = setUpTwo();
    expect(a.breaker.asNews).toBeUndefined();
    await failTimes(a.breaker, 5);
    await vi.advanceTimersByTimeAsync(3_000);
    const late = setUp();
    const news = a.breaker.asNews;
    if (news) late.breaker.adopt(news);
    expect(late.log).toEqual(['closed > open: consecutive-failures']);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(late.breaker.state).toBe('half-open');
  });
});

describe('votes of other processes', () => {
  it('count for the failures in a row', async () => {
    const { breaker } = setUp();
    breaker.addVotes({ successes: 0, failures: 4 });
    expect(breaker.state).toBe('closed');
    await failTimes(breaker, 1);
    expect(breaker.state).toBe('open');
  });

  it('end the failures in a row with a success', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 4);
    breaker.addVotes({ successes: 1, failures: 0 });
    await failTimes(breaker, 4);
    expect(breaker.state).toBe('closed');
  });

  it('count for the error rate', async () => {
    const { breaker, log } = setUp({ consecutiveFailures: 1_000 });
    breaker.addVotes({ successes: 10, failures: 8 });
    await failTimes(breaker, 1);
    expect(breaker.state).toBe('closed');
    await failTimes(breaker, 1);
    expect(log).toEqual(['closed > open: error-rate']);
  });

  it('are taken once, and not across a transition', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 2);
    succeed(admit(breaker));
    neutral(admit(breaker));
    expect(breaker.votes.take()).toEqual({ successes: 1, failures: 2 });
    expect(breaker.votes.take()).toBeUndefined();
    await failTimes(breaker, 5);
    expect(breaker.votes.take()).toBeUndefined();
    breaker.addVotes({ successes: 0, failures: 5 });
    await vi.advanceTimersByTimeAsync(5_000);
    succeed(admit(breaker));
    await failTimes(breaker, 1);
    expect(breaker.state).toBe('closed');
  });
});
