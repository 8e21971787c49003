import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CONFIG, failTimes, setUp } from '../../../test/support/breakers.js';
import type { Breaker } from '../upstream/breaker/breaker.js';
import { asWritten, type GatewayState, keptBreaker, MARK, newsOf, parseState } from './gateway-state.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const AT = new Date('2026-11-30T12:00:00.000Z');
const KEPT = {
  upstream: 'users',
  since: AT,
  reason: 'error-rate',
  trips: 1,
  openFor: 5_000,
  isIsolated: false,
} as const;
const STATE = { at: AT, breakers: [KEPT], buckets: [['limit', 'a 1.2.3.4', 3, -20] as const] };

function written(change: object = {}): string {
  return JSON.stringify({ ...asWritten(STATE as never), ...change });
}

/** @param age milliseconds between the end of one process and the start of the next */
function restarted(breaker: Breaker, age: number) {
  const kept = keptBreaker('users', breaker.asNews);
  if (!kept) throw new TypeError('the breaker is closed');
  const [read] = parseState(JSON.stringify(asWritten({ at: AT, breakers: [kept], buckets: [] }))).breakers;
  const next = setUp();
  next.breaker.adopt(newsOf(read!, age, CONFIG.maxOpenFor, Date.now()));
  return next;
}

describe('a state that is read again', () => {
  it('is the same, whatever is in it', () => {
    const ms = fc.double({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1, noNaN: true });
    const date = fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true });
    const breaker = fc.record({
      upstream: fc.string(),
      since: date,
      reason: fc.constantFrom('error-rate' as const, 'health' as const, 'manual' as const),
      trips: fc.nat(),
      openFor: fc.option(ms),
      isIsolated: fc.boolean(),
    });
    const key = fc.string({ maxLength: 64 });
    const state = fc.record({
      at: date,
      breakers: fc.array(breaker),
      buckets: fc.array(fc.tuple(key, key, fc.nat(), ms)),
    });
    fc.assert(
      fc.property(state, (each) => {
        const text = JSON.stringify(asWritten(each));
        expect(text.startsWith(MARK)).toBe(true);
        expect(JSON.stringify(parseState(text))).toBe(text);
      }),
    );
  });
});

describe('a text that is no state', () => {
  it.each([
    ['cut', written().slice(0, -5)],
    ['of another version', written({ format: 'breakwater-state/2' })],
    ['without a time', written({ at: 'yesterday' })],
    ['with a breaker of another type', written({ breakers: { users: 'open' } })],
    ['with an unknown reason', written({ breakers: [{ ...KEPT, reason: 'boredom' }] })],
    ['with a reason of closed breakers', written({ breakers: [{ ...KEPT, reason: 'trial-passed' }] })],
    ['with negative trips', written({ breakers: [{ ...KEPT, trips: -1 }] })],
    ['with a number that is too large', written({ breakers: [{ ...KEPT, openFor: 1e300 }] })],
    ['with a bucket of halves', written({ buckets: [['limit', 'key', 0.5, 0]] })],
    ['with a long key', written({ buckets: [['limit', 'k'.repeat(10_000), 1, 0]] })],
    ['with a cut bucket', written({ buckets: [['limit', 'key']] })],
    ['deeply nested', `${MARK}1","breakers":${'['.repeat(100_000)}`],
  ])('is refused: one %s', (_, text) => {
    expect(() => parseState(text)).toThrow(Error);
  });

  it('is refused with a reason, and never crashes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(() => parseState(text)).toThrow(Error);
      }),
    );
    expect(() => parseState(written({ breakers: [{ ...KEPT, trips: 'x' }] }))).toThrow(/breakers\.0\.trips/);
  });
});

describe('a breaker after a restart', () => {
  it('is open for the rest of its time, since it opened, and doubles the next one', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 5);
    const { since } = breaker;
    await vi.advanceTimersByTimeAsync(1_000);
    const { breaker: next, log } = restarted(breaker, 1_000);
    expect(log).toEqual(['closed > open: consecutive-failures']);
    expect(next.since).toEqual(since);
    expect(next.openFor).toBe(3_000);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(next.state).toBe('half-open');
    await failTimes(next, 1);
    expect(next.openFor).toBe(2 * CONFIG.openFor);
  });

  it.each(['open', 'half-open'] as const)('waits for a trial when its time is over: %s', async (state) => {
    const { breaker } = setUp();
    await failTimes(breaker, 5);
    if (state === 'half-open') await vi.advanceTimersByTimeAsync(CONFIG.openFor);
    const { breaker: next } = restarted(breaker, 3_600_000);
    await vi.advanceTimersByTimeAsync(1);
    expect(next.state).toBe('half-open');
  });

  it('is open no longer than `maxOpenFor`, and not since the future, whatever the file says', () => {
    const future = new Date('9998-01-01');
    const kept: GatewayState['breakers'][number] = { ...KEPT, since: future, openFor: 2 ** 31 - 1 };
    for (const openFor of [kept.openFor, null]) {
      const { breaker } = setUp();
      breaker.adopt(newsOf({ ...kept, openFor }, 0, CONFIG.maxOpenFor, Date.now()));
      expect(breaker.openFor).toBe(CONFIG.maxOpenFor);
      expect(breaker.since).toEqual(new Date());
    }
    const { breaker } = setUp();
    breaker.adopt(newsOf({ ...kept, reason: 'manual' }, 0, CONFIG.maxOpenFor, Date.now()));
    expect([breaker.openFor, breaker.isolatedFor]).toEqual([CONFIG.maxOpenFor, 0]);
  });

  it('stays isolated for the rest of the time, or until it is released', async () => {
    const [{ breaker: timed }, { breaker: endless }] = [setUp(), setUp()];
    timed.isolate(600_000);
    endless.isolate(Number.POSITIVE_INFINITY);
    const { since } = timed;
    await vi.advanceTimersByTimeAsync(60_000);
    const next = restarted(timed, 60_000).breaker;
    expect([next.isolatedFor, next.reason, next.since]).toEqual([480_000, 'manual', since]);
    const after = restarted(timed, 3_600_000).breaker;
    await vi.advanceTimersByTimeAsync(1);
    expect([after.state, after.isolatedFor]).toEqual(['half-open', 0]);
    expect(restarted(endless, 1e12).breaker.isolatedFor).toBe(Number.POSITIVE_INFINITY);
  });

  it('is not kept when it is closed', () => {
    expect(keptBreaker('users', setUp().breaker.asNews)).toBeUndefined();
  });
});
