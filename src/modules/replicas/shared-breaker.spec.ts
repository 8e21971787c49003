import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { admit, DEADLINE, fail, failTimes, setUp, succeed } from '../../../test/support/breakers.js';
import { systemClock } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import type { BreakerNews } from '../upstream/breaker/breaker.types.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import type { Vote } from './quorum.js';
import { SharedBreaker } from './shared-breaker.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const clock = { now: () => systemClock.now(), wall: () => systemClock.wall() };
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const vote = (age = 0, openFor = 3_000): Vote => ({ age, openFor });

interface ShareOptions {
  readonly mode?: 'enforce' | 'shadow';
  readonly role?: 'only' | 'primary';
  readonly live?: number;
  readonly leases?: readonly number[];
}

/** @param leases what the replica gets each time that it asks for the lease: 0, or for how long another one has it */
function share({ mode = 'enforce', role = 'only', live = 3, leases = [0] }: ShareOptions = {}) {
  const { breaker, log } = setUp({ mode, openFor: 5_000, maxOpenFor: 8_000 }, { failures: 1, passes: 1 });
  const results: (boolean | undefined)[] = [];
  const casts: boolean[] = [];
  const claims: number[] = [];
  let asked = 0;
  const rejected = new Event<string>();
  const upstream = { id: 'users', breaker, rejected, config: { breaker: { mode, maxOpenFor: 8_000 } } };
  const shared = new SharedBreaker({
    upstream: upstream as unknown as UpstreamProxy,
    store: {
      newToken: () => 'token',
      take: (_id, _token, ms, isNews) => {
        if (!isNews) return Promise.resolve(leases[asked++] ?? 0);
        claims.push(ms);
        return Promise.resolve(0);
      },
      remaining: () => Promise.resolve(0),
      end: (_id, _token, passed) => Promise.resolve(void results.push(passed)),
    },
    isShared: () => live > 1,
    onVote: (isCast) => casts.push(isCast),
    clock,
    role,
  });
  const open = () => failTimes(breaker, 5);
  return { shared, breaker, rejected, log, results, claims, casts, open, asked: () => asked };
}

async function halfOpen(options?: Parameters<typeof share>[0]) {
  const replica = share(options);
  replica.shared.hear([vote(), vote()], 2);
  await pass(3_000);
  expect(replica.breaker.state).toBe('half-open');
  return replica;
}

describe('the vote of a SharedBreaker', () => {
  it('is cast when it opens by its own calls, for as long as it is open', async () => {
    const { shared, casts, open } = share();
    expect(shared.vote).toBeUndefined();
    await open();
    expect([shared.vote, casts]).toEqual([{ age: 0, openFor: 5_000 }, [true]]);
    await pass(2_000);
    expect(shared.vote).toEqual({ age: 2_000, openFor: 3_000 });
    await pass(3_000);
    expect(shared.vote).toBeUndefined();
  });

  it('is cast when it opens by its own probes', () => {
    const { shared, breaker } = share();
    breaker.reportProbe(false, '503');
    expect(shared.vote).toEqual({ age: 0, openFor: 5_000 });
  });

  it('is withdrawn when it closes', async () => {
    const { shared, breaker, casts, open } = share();
    await open();
    breaker.reportProbe(true, '200');
    expect([shared.vote, casts]).toEqual([undefined, [true, false]]);
  });

  it('is none when it has only adopted that it is open', async () => {
    const { shared, breaker, casts } = share();
    shared.hear([vote(), vote()], 2);
    expect([breaker.state, shared.vote, casts]).toEqual(['open', undefined, []]);
  });

  it('is none in shadow mode', async () => {
    const { shared, breaker, open } = share({ mode: 'shadow' });
    await open();
    expect([breaker.state, shared.vote]).toEqual(['open', undefined]);
  });
});

describe('SharedBreaker.hear', () => {
  it('opens at the quorum, for as long as that many agree', () => {
    const { shared, breaker, log } = share();
    shared.hear([vote(0, 6_000), vote(0, 2_000)], 2);
    expect([breaker.openFor, log]).toEqual([2_000, ['closed > open: replicas']]);
  });

  it('stays closed below the quorum when its own calls do not fail', () => {
    const { shared, breaker } = share();
    for (let i = 0; i < 10; i++) succeed(admit(breaker));
    shared.hear([vote()], 2);
    expect(breaker.state).toBe('closed');
  });

  it('opens below the quorum when its own calls fail as well', async () => {
    const { shared, breaker } = share();
    for (let i = 0; i < 3; i++) {
      fail(admit(breaker));
      if (i < 2) succeed(admit(breaker));
    }
    shared.hear([], 2);
    expect(breaker.state).toBe('closed');
    shared.hear([vote()], 2);
    expect([breaker.state, breaker.openFor]).toEqual(['open', 3_000]);
  });

  it('opens for its own maxOpenFor at most', () => {
    const { shared, breaker } = share();
    shared.hear([vote(0, 1e12), vote(0, 1e12)], 2);
    expect(breaker.openFor).toBe(8_000);
  });

  it('ignores votes from before it closed, and not later ones', async () => {
    const { shared, breaker } = share();
    shared.hear([vote(), vote()], 2);
    await pass(1_000);
    breaker.reportProbe(true, '200');
    await pass(1_000);
    shared.hear([vote(2_000), vote(500)], 2);
    expect(breaker.state).toBe('closed');
    shared.hear([vote(2_000), vote(500), vote(999)], 2);
    expect(breaker.state).toBe('open');
  });

  it('keeps its own open time while it is open, and its turn while it is half-open', async () => {
    const { shared, breaker, open } = share();
    await open();
    shared.hear([vote(0, 8_000), vote(0, 8_000)], 2);
    expect(breaker.openFor).toBe(5_000);
    await pass(5_000);
    shared.hear([vote(), vote()], 2);
    expect(breaker.state).toBe('half-open');
  });

  it('opens nothing in shadow mode', () => {
    const { shared, breaker } = share({ mode: 'shadow' });
    shared.hear([vote(), vote()], 2);
    expect(breaker.state).toBe('closed');
  });
});

describe('the trial of a SharedBreaker', () => {
  it('waits for its turn', async () => {
    const { breaker } = await halfOpen({ leases: [2_000] });
    expect(breaker.admit(DEADLINE)).toBeUndefined();
    await pass(2_000);
    expect(admit(breaker).isTrial).toBe(true);
  });

  it('tells its result', async () => {
    const { breaker, results } = await halfOpen();
    fail(admit(breaker));
    await pass(8_000);
    succeed(admit(breaker));
    expect([breaker.state, results]).toEqual(['closed', [false, true]]);
  });

  it('tells no result when a probe decides', async () => {
    const { breaker, results } = await halfOpen();
    breaker.reportProbe(true, '200');
    expect([breaker.state, results]).toEqual(['closed', [undefined]]);
  });

  it('takes the lease for as long as it may last, and for the next call when it has no result', async () => {
    const { breaker, claims } = await halfOpen();
    const trial = admit(breaker);
    expect(claims).toEqual([DEADLINE + 1_250]);
    trial.settle('neutral', 'client_gone', 'gone');
    expect(claims).toEqual([DEADLINE + 1_250, 750]);
  });

  it('waits during that of another replica, and only while it is half-open itself', async () => {
    const { shared, breaker } = await halfOpen();
    shared.onLease(2_000);
    expect(breaker.isRejecting).toBe(true);
    await pass(2_000);
    expect(breaker.isRejecting).toBe(false);
    fail(admit(breaker));
    shared.onLease(2_000);
    expect(vi.getTimerCount()).toBe(1);
  });

  it('comes next when calls were rejected meanwhile', async () => {
    const { rejected, breaker, asked } = await halfOpen({ leases: [2_000, 60_000] });
    rejected.emit('breaker_open');
    await pass(2_000);
    expect([asked(), breaker.isRejecting]).toEqual([2, true]);
  });

  it('of a primary waits until its workers are half-open, and is told to them', async () => {
    const { breaker, asked } = await halfOpen({ role: 'primary' });
    const news: BreakerNews[] = [];
    breaker.news.on((each) => news.push(each));
    await pass(49);
    expect(asked()).toBe(0);
    await pass(1);
    expect([asked(), news]).toEqual([
      1,
      [
        { kind: 'trial', lasts: 750 },
        { kind: 'trial', lasts: 0 },
      ],
    ]);
  });

  it('of a primary without other replicas is told to its workers, too', async () => {
    const { breaker, asked } = await halfOpen({ role: 'primary', live: 1 });
    const news: BreakerNews[] = [];
    breaker.news.on((each) => news.push(each));
    await pass(50);
    expect([asked(), news]).toEqual([0, [{ kind: 'trial', lasts: 0 }]]);
  });

  it('of a primary asks for nothing when a worker was faster', async () => {
    const { breaker, asked } = await halfOpen({ role: 'primary' });
    succeed(admit(breaker));
    await pass(50);
    expect(asked()).toBe(0);
  });

  it('needs no turn without other replicas, nor in shadow mode', async () => {
    const alone = share({ live: 1 });
    await alone.open();
    const shadow = share({ mode: 'shadow' });
    await shadow.open();
    await pass(5_000);
    expect([alone.asked(), alone.breaker.isRejecting, shadow.asked()]).toEqual([0, false, 0]);
  });

  it('of another replica closes it, also before its open time is over', async () => {
    const { shared, breaker, log, open } = share();
    await open();
    shared.onTrial('a', true);
    expect([breaker.state, log.at(-1)]).toEqual(['closed', 'open > closed: replicas']);
  });

  it('of another replica opens it again when it is half-open', async () => {
    const { shared, breaker, log } = await halfOpen({ leases: [2_000] });
    shared.onTrial('a', false);
    expect([breaker.openFor, log.at(-1), shared.vote]).toEqual([
      8_000,
      'half-open > open: replicas',
      undefined,
    ]);
  });

  it('of another replica opens none that is closed', () => {
    const { shared, log } = share();
    shared.onTrial('a', false);
    expect(log).toEqual([]);
  });

  it('of the same replica opens it only once, and then another one has to try', async () => {
    const { shared, breaker, asked } = await halfOpen({ leases: [60_000, 60_000] });
    shared.onTrial('a', false);
    await pass(8_000);
    expect([breaker.state, breaker.admit(DEADLINE)]).toEqual(['half-open', undefined]);
    shared.onTrial('a', false);
    await pass(0);
    const trial = admit(breaker);
    // It has its turn already, and keeps it.
    shared.onTrial('a', false);
    expect(asked()).toBe(3);
    shared.onTrial('b', false);
    succeed(trial);
    expect(breaker.state).toBe('open');
    await pass(8_000);
    shared.onTrial('a', false);
    expect(breaker.state).toBe('open');
  });

  it('of the same replica counts again after it closed', async () => {
    const { shared, breaker, open } = await halfOpen({ leases: [60_000] });
    shared.onTrial('a', false);
    shared.onTrial('b', true);
    await open();
    await pass(8_000);
    expect(breaker.state).toBe('half-open');
    shared.onTrial('a', false);
    expect(breaker.state).toBe('open');
  });

  it('of another replica changes nothing in shadow mode', async () => {
    const { shared, breaker, open } = share({ mode: 'shadow' });
    await open();
    shared.onTrial('a', true);
    expect(breaker.state).toBe('open');
  });

  it('needs no turn any more once Redis is away', async () => {
    const { shared, breaker } = await halfOpen({ leases: [2_000] });
    shared.fallBack();
    expect(admit(breaker).isTrial).toBe(true);
  });

  it('of a primary needs no turn once the upstream is removed', async () => {
    const { shared, asked } = await halfOpen({ role: 'primary' });
    shared.stop();
    await pass(50);
    expect(asked()).toBe(0);
  });

  it('needs no turn once the upstream is removed', async () => {
    const { shared, breaker, casts, asked } = await halfOpen({ leases: [2_000] });
    shared.stop();
    await pass(10_000);
    fail(admit(breaker));
    expect([asked(), casts]).toEqual([1, []]);
    breaker.shutdown();
    expect(vi.getTimerCount()).toBe(0);
  });
});
