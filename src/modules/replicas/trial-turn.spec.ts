import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TrialTurn } from './trial-turn.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const now = () => performance.now();
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** What Redis keeps of one upstream, by the rules of `scripts.ts`. */
class Lease {
  isAway = false;
  /** @returns milliseconds to Redis, or back */
  latency = () => 1;
  token = '';
  until = 0;
  readonly results: string[] = [];
  readonly replicas: { readonly name: string; readonly turn: TrialTurn }[] = [];
  private count = 0;
  private arrival = 0;

  /** @returns the lease as one replica uses it */
  of(replica: string) {
    return {
      newToken: () => `${replica}${++this.count}`,
      take: (_: string, token: string, ms: number, isNews = false) =>
        this.answer(() => {
          if (this.token !== token && this.left > 0) return this.left;
          this.token = token;
          this.until = now() + ms;
          if (isNews) this.tell(replica, ms);
          return 0;
        }),
      remaining: () => this.answer(() => this.left),
      end: (_: string, token: string, passed?: boolean) =>
        this.answer(() => {
          if (this.token !== token || this.left === 0) return;
          this.token = '';
          if (passed !== undefined) this.results.push(`${token} ${passed ? 'passed' : 'failed'}`);
        }).then(() => {}),
    };
  }

  private get left(): number {
    return this.token === '' ? 0 : Math.max(0, this.until - now());
  }

  private tell(from: string, ms: number): void {
    for (const { name, turn } of this.replicas)
      if (name !== from) setTimeout(() => turn.onLease(ms), this.latency());
  }

  /** Commands arrive in their order, as on one connection. */
  private async answer<T>(run: () => T): Promise<T | undefined> {
    this.arrival = Math.max(this.arrival, now() + this.latency());
    await new Promise((resolve) => setTimeout(resolve, this.arrival - now()));
    if (this.isAway) return undefined;
    const value = run();
    await new Promise((resolve) => setTimeout(resolve, this.latency()));
    return value;
  }
}

function replica(lease: Lease, name: string) {
  let heldUntil = 0;
  const hold = (ms: number) => void (heldUntil = now() + ms);
  const turn = new TrialTurn({ upstream: 'users', store: lease.of(name), hold });
  lease.replicas.push({ name, turn });
  return {
    name,
    turn,
    /** Whether a call would be a trial, now or so many milliseconds later. */
    isFree: (later = 0) => now() + later >= heldUntil,
    halfOpen: () => void turn.ask(),
    /** Its next call is a trial. */
    begin: (lasts = 4_000) => {
      hold(lasts);
      turn.onTrial(lasts);
    },
    endWithoutResult: () => {
      hold(0);
      turn.onTrial(0);
    },
    /** Its next call is rejected. */
    reject: () => turn.onRejected(),
  };
}

function three(lease = new Lease()) {
  const [a, b, c] = [replica(lease, 'a'), replica(lease, 'b'), replica(lease, 'c')];
  const all = [a, b, c];
  const halfOpen = async () => {
    for (const each of all) each.halfOpen();
    await pass(2);
  };
  return {
    lease,
    a,
    b,
    c,
    all,
    halfOpen,
    free: () => all.filter((each) => each.isFree()).map(({ name }) => name),
  };
}

describe('TrialTurn', () => {
  it('lets one replica try, once it has the lease', async () => {
    const { a, b, c, free } = three();
    for (const each of [a, b, c]) each.halfOpen();
    expect(free()).toEqual([]);
    await pass(2);
    expect(free()).toEqual(['a']);
  });

  it('lets no other one try during its trial', async () => {
    const { a, b, c, halfOpen, free } = three();
    await halfOpen();
    a.begin(30_000);
    b.reject();
    await pass(29_900);
    expect(free()).toEqual([]);
    await pass(400);
    expect(free()).toEqual(['a', 'b', 'c']);
    expect(c.isFree()).toBe(true);
  });

  it('lets the first call anywhere be the trial when there were none for a while', async () => {
    const { a, b, halfOpen, free } = three();
    await halfOpen();
    await pass(700);
    expect(free()).toEqual(['a']);
    await pass(60);
    expect(free()).toEqual(['a', 'b', 'c']);
    b.begin();
    await pass(2);
    expect(free()).toEqual([]);
    await pass(3_900);
    expect(a.isFree()).toBe(false);
  });

  it('lets one of those try next that had calls while the first had none', async () => {
    const { b, c, halfOpen, free } = three();
    await halfOpen();
    b.reject();
    c.reject();
    await pass(755);
    expect(free()).toEqual(['a', 'b']);
  });

  it('gives the next call of the same replica priority after a trial without a result', async () => {
    const { a, b, halfOpen, free } = three();
    await halfOpen();
    a.begin(30_000);
    b.reject();
    await pass(2_000);
    a.endWithoutResult();
    await pass(700);
    expect(free()).toEqual(['a']);
    await pass(60);
    expect(free()).toEqual(['a', 'b', 'c']);
  });

  it('lets no call through while the timer of a replica that waits is late', async () => {
    const { b, halfOpen } = three();
    await halfOpen();
    expect(b.isFree(800)).toBe(false);
  });

  it('publishes the result of the trial that has the lease', async () => {
    const { lease, a, halfOpen } = three();
    await halfOpen();
    a.begin();
    a.turn.end(false);
    await pass(3);
    expect([lease.results, lease.token]).toEqual([['a1 failed'], '']);
  });

  it('publishes one of two results when two replicas begin at the same time', async () => {
    const { lease, b, c, halfOpen, free } = three();
    await halfOpen();
    await pass(800);
    b.begin();
    c.begin();
    await pass(5);
    expect(free()).toEqual([]);
    c.turn.end(false);
    b.turn.end(true);
    await pass(5);
    expect(lease.results).toEqual(['b4 passed']);
  });

  it('publishes no result once another replica has the lease', async () => {
    const { lease, a, halfOpen } = three();
    await halfOpen();
    a.begin(1_000);
    await pass(10);
    // The gateway stood still.
    lease.token = 'b9';
    a.turn.end(true);
    await pass(3);
    expect([lease.results, lease.token]).toEqual([[], 'b9']);
  });

  it('gives back a lease that comes too late', async () => {
    const { lease, a } = three();
    lease.latency = () => 100;
    a.halfOpen();
    await pass(50);
    a.turn.end();
    await pass(350);
    expect(lease.token).toBe('');
  });

  it('leaves each replica to itself when Redis has no answer', async () => {
    const { lease, halfOpen, free } = three();
    lease.isAway = true;
    await halfOpen();
    expect(free()).toEqual(['a', 'b', 'c']);
  });

  it('leaves a replica that waits to itself as soon as Redis goes away', async () => {
    const { lease, b, halfOpen, free } = three();
    await halfOpen();
    lease.isAway = true;
    b.turn.fallBack();
    expect(free()).toEqual(['a', 'b']);
    expect(vi.getTimerCount()).toBe(1);
  });

  it('does not free a breaker whose own trial is under way when Redis goes away', async () => {
    const { a, halfOpen } = three();
    await halfOpen();
    a.begin();
    a.turn.fallBack();
    expect(a.isFree()).toBe(false);
  });

  it('asks at once when the replica with the lease gives it up', async () => {
    const { lease, a, b, c, halfOpen, free } = three();
    await halfOpen();
    a.begin();
    a.turn.end(false);
    await pass(3);
    for (const { turn } of [a, b, c]) turn.onLeaseEnded();
    await pass(2);
    expect([free(), lease.token.startsWith('b')]).toEqual([['b'], true]);
  });

  it('has no timer left when it ends', async () => {
    const { all, halfOpen } = three();
    await halfOpen();
    for (const { turn } of all) turn.end();
    await pass(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits no longer for a replica that has the lease when it ended meanwhile', async () => {
    const { a, b, halfOpen } = three();
    await halfOpen();
    a.begin(30_000);
    await pass(5);
    b.turn.onLease(10);
    await pass(11);
    // Its question is on its way.
    b.turn.end();
    await pass(5);
    // The third one waits.
    expect(vi.getTimerCount()).toBe(1);
  });

  it.each([1, 2, 3, 4, 5])(
    'with calls everywhere, never lets two replicas try at a time (seed %i)',
    async (seed) => {
      let state = seed;
      const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
      const lease = new Lease();
      lease.latency = () => random() * 20;
      const { all } = three(lease);
      const trials = new Map<string, number>();
      let count = 0;
      let overlaps = 0;
      for (const each of all) each.halfOpen();
      const end = now() + 600_000;
      while (now() < end) {
        for (const each of all) {
          const until = trials.get(each.name) ?? 0;
          if (until > now()) {
            // Most trials end with a result, some without, and some never.
            if (random() < 0.02) {
              trials.delete(each.name);
              if (random() < 0.3) {
                each.endWithoutResult();
              } else {
                each.turn.end(false);
                each.halfOpen();
                for (const { turn } of all) if (turn !== each.turn) turn.onLeaseEnded();
              }
            }
          } else if (each.isFree()) {
            overlaps += [...trials].filter(([name, time]) => name !== each.name && time > now()).length;
            const lasts = 200 + random() * 3_000;
            trials.set(each.name, now() + lasts);
            each.begin(lasts);
            count++;
          } else {
            each.reject();
          }
        }
        await pass(10);
      }
      expect(overlaps).toBe(0);
      expect(count).toBeGreaterThan(300);
    },
  );
});
