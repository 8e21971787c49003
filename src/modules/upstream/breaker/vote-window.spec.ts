import CircuitBreaker from 'opossum';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { configOf } from '../../../../test/support/gateway.js';
import { RollingVotes } from './rolling-votes.js';
import { VoteWindow } from './vote-window.js';

afterEach(() => void vi.restoreAllMocks());

const WINDOW = 10_000;

function setUp() {
  const time = { now: 5_000 };
  const clock = { now: () => time.now, wall: () => time.now };
  return { time, clock, votes: new RollingVotes(WINDOW, clock) };
}

describe('RollingVotes', () => {
  it('counts what is in the window, as adding them all up would', () => {
    const { time, votes } = setUp();
    const all: { at: number; failed: boolean }[] = [];
    for (let i = 0; i < 5_000; i++) {
      // Steps of all sizes, some longer than the window.
      time.now += i % 500 === 0 ? 12_000 : (i * 37) % 90;
      const failed = i % 3 === 0;
      votes.add(failed);
      all.push({ at: time.now, failed });
      const bucket = Math.floor((time.now - 5_000) / 1_000);
      const kept = all.filter(({ at }) => Math.floor((at - 5_000) / 1_000) > bucket - 10);
      expect([votes.total, votes.failures]).toEqual([kept.length, kept.filter((each) => each.failed).length]);
      all.splice(0, all.length - kept.length);
    }
  });

  it('forgets them all when told', () => {
    const { votes, time } = setUp();
    votes.add(true);
    votes.clear();
    expect([votes.total, votes.failures]).toEqual([0, 0]);
    time.now += WINDOW;
    votes.add(false);
    expect([votes.total, votes.failures]).toEqual([1, 0]);
  });
});

describe('VoteWindow', () => {
  // opossum adds up its window, and sorts its latencies, at each failure that it is told of.
  it('tells opossum of no call while it is closed', () => {
    const { clock } = setUp();
    const { upstreams } = configOf('upstreams: { users: { url: http://users } }');
    const fired = vi.spyOn(CircuitBreaker.prototype, 'call');
    const emitted = vi.spyOn(CircuitBreaker.prototype, 'emit');
    const window = new VoteWindow(upstreams['users']!.breaker, clock);
    for (let i = 0; i < 100; i++) {
      window.succeed();
      window.fail();
    }
    expect([fired.mock.calls.length, emitted.mock.calls.length]).toEqual([0, 0]);
    window.shutdown();
  });

  // opossum's `fire` rejects then, and nobody would hear of it.
  it('takes a success that comes too late, or twice', () => {
    const { clock } = setUp();
    const { upstreams } = configOf('upstreams: { users: { url: http://users } }');
    const fired = vi.spyOn(CircuitBreaker.prototype, 'call');
    const window = new VoteWindow(upstreams['users']!.breaker, clock);
    window.open();
    window.succeed();
    window.succeed();
    window.shutdown();
    window.open();
    window.succeed();
    expect(fired).not.toHaveBeenCalled();
  });

  it('lets opossum keep no percentiles and take no snapshots', () => {
    const { clock } = setUp();
    const { upstreams } = configOf('upstreams: { users: { url: http://users } }');
    const opened = vi.spyOn(CircuitBreaker.prototype, 'open');
    const window = new VoteWindow(upstreams['users']!.breaker, clock);
    window.open();
    const [engine] = opened.mock.contexts as CircuitBreaker[];
    // What it says when it keeps none.
    expect(engine?.stats).toMatchObject({ latencyMean: -1, percentiles: { 0.5: -1, 1: -1 } });
    expect(engine?.status).toMatchObject({ enableSnapshots: false });
    window.shutdown();
  });
});
