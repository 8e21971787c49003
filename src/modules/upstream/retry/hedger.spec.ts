import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Event } from '../../../common/event.js';
import { Deadline } from '../../../common/resilience/deadline.js';
import { RetryBudget } from '../../../common/resilience/retry-budget.js';
import type { Target } from '../target.js';
import type { Call } from '../transport/call.js';
import type { UpstreamRequest } from '../upstream.types.js';
import { Hedger, type HedgeResult } from './hedger.js';
import type { TryOnce } from './retrier.js';

const clock = { now: () => Date.now(), wall: () => Date.now() };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** One try, answered by the test. */
interface Try {
  readonly target: Target;
  readonly answer: (status?: number) => void;
  readonly fail: () => void;
  readonly call: { status: number; gaveUp: number; discarded: number };
}

function setUp(after: 'p95' | number | undefined, { targets = 2, share = 0.01, others = false } = {}) {
  const tries: Try[] = [];
  const results: HedgeResult[] = [];
  const late: [target: Target, startedAt: number][] = [];
  const budget = new RetryBudget(share, clock);
  const tryOnce: TryOnce = ({ tried, onStart }) =>
    new Promise((resolve, reject) => {
      const target = { name: `t${tried.length}`, answeredAt: 0 } as Target;
      tried.push(target);
      const seen = { status: 0, gaveUp: 0, discarded: 0 };
      const call = Object.assign(seen, {
        giveUp: () => {
          seen.gaveUp++;
          reject(new Error('given up'));
        },
        discard: () => {
          seen.discarded++;
          return Promise.resolve();
        },
      });
      onStart?.(call as unknown as Call);
      tries.push({
        target,
        call: seen,
        answer: (status = 200) => {
          seen.status = status;
          resolve(call as unknown as Call);
        },
        fail: () => reject(new Error('failed')),
      });
    });
  const ended = new Event<HedgeResult>();
  const hedger = new Hedger(after === undefined ? undefined : { after }, {
    clock,
    budget,
    failureStatuses: new Set([503]),
    targets: {
      hasOther: (tried) => tried.length < targets,
      haveOthersAnswered: () => others,
      recordLate: (...each) => void late.push(each),
    },
    ended,
  });
  ended.on((result) => results.push(result));
  const run = (request: Partial<UpstreamRequest> = {}) => {
    const deadline = new Deadline(clock, 3_000);
    deadline.start();
    const options = {
      request: { method: 'GET', path: '/', ...request },
      deadline,
      tryTimeout: undefined,
      tried: [],
    };
    return hedger.run(options, tryOnce).then(
      (call) => tries.findIndex((each) => (each.call as unknown) === call),
      (error: Error) => error.message,
    );
  };
  const sample = async (ms: number, times: number) => {
    for (let i = 0; i < times; i++) {
      const done = run();
      await vi.advanceTimersByTimeAsync(ms);
      tries.at(-1)?.answer();
      await done;
    }
    tries.length = 0;
  };
  return { tries, results, late, budget, run, sample };
}

describe('Hedger', () => {
  it('asks a second target when the first has not answered in time, and gives the slow one up', async () => {
    const { tries, results, run } = setUp(50);
    const answered = run();
    await vi.advanceTimersByTimeAsync(49);
    expect(tries).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    tries[1]?.answer();
    expect([await answered, tries[0]?.call.gaveUp, tries[1]?.call.gaveUp]).toEqual([1, 1, 0]);
    expect([results, vi.getTimerCount()]).toEqual([['won'], 0]);
  });

  it('records the first target as late when the second one answers, and not the other way round', async () => {
    const { tries, late, run } = setUp(50);
    const startedAt = Date.now();
    const [won, lost, failed] = [run(), run(), run()];
    await vi.advanceTimersByTimeAsync(50);
    tries[3]?.answer();
    tries[1]?.answer();
    tries[5]?.answer(503);
    tries[2]?.fail();
    await Promise.all([won, lost, failed]);
    expect(late).toEqual([[tries[0]?.target, startedAt]]);
  });

  it('does not record a target as late that had failed before', async () => {
    const { tries, late, run } = setUp(50);
    const [broken, failing] = [run(), run()];
    await vi.advanceTimersByTimeAsync(50);
    tries[0]?.fail();
    tries[1]?.answer(503);
    await vi.advanceTimersByTimeAsync(0);
    tries[2]?.answer();
    tries[3]?.answer();
    expect([await broken, await failing, late]).toEqual([2, 3, []]);
  });

  it('hedges HEAD as well, and nothing whose deadline comes first', async () => {
    const head = setUp(50);
    const answered = head.run({ method: 'HEAD' });
    await vi.advanceTimersByTimeAsync(50);
    expect(head.tries).toHaveLength(2);
    head.tries[1]?.answer();
    await answered;
    const late = setUp(3_000);
    const waiting = late.run();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(late.tries).toHaveLength(1);
    late.tries[0]?.answer();
    await waiting;
  });

  it('discards a response that comes second', async () => {
    const { tries, run } = setUp(50);
    const answered = run();
    await vi.advanceTimersByTimeAsync(50);
    tries[0]?.answer();
    tries[1]?.answer();
    expect([await answered, tries[1]?.call.discarded]).toEqual([0, 1]);
  });

  it('gives up no response that it has discarded', async () => {
    const { tries, run } = setUp(50);
    const answered = run();
    await vi.advanceTimersByTimeAsync(50);
    tries[1]?.answer(503);
    await vi.advanceTimersByTimeAsync(10);
    tries[0]?.answer();
    expect([await answered, tries[1]?.call.discarded, tries[1]?.call.gaveUp]).toEqual([0, 1, 0]);
  });

  it('uses the response of the first try when it still comes first', async () => {
    const { tries, results, run } = setUp(50);
    const answered = run();
    await vi.advanceTimersByTimeAsync(50);
    tries[0]?.answer();
    expect([await answered, tries[0]?.call.gaveUp, tries[1]?.call.gaveUp, results]).toEqual([
      0,
      0,
      1,
      ['lost'],
    ]);
  });

  it('makes no second try when a response or a failure comes in time', async () => {
    const { tries, results, run } = setUp(50);
    const [answered, failed] = [run(), run()];
    tries[0]?.answer(503);
    tries[1]?.fail();
    expect([await answered, await failed]).toEqual([0, 'failed']);
    await vi.advanceTimersByTimeAsync(5_000);
    expect([tries.length, results]).toEqual([2, []]);
  });

  it.each([
    [{ method: 'POST' }, 2, 2_999],
    [{ method: 'POST', headers: ['Idempotency-Key', 'k1'] }, 2, 2_999],
    [{ method: 'PUT' }, 2, 2_999],
    [{ method: 'DELETE' }, 2, 2_999],
    [{ method: 'OPTIONS' }, 2, 999],
    [{ method: 'GET', body: 'a body' }, 2, 999],
    [{ method: 'GET' }, 1, 2_999],
  ])('never hedges %j with %i targets', async (request, targets, ms) => {
    const { tries, run } = setUp(50, { targets });
    const answered = run(request);
    await vi.advanceTimersByTimeAsync(ms);
    expect(tries).toHaveLength(1);
    tries[0]?.answer();
    expect(await answered).toBe(0);
  });

  it('waits for the other try when one of two fails', async () => {
    for (const first of ['fail', 'answer'] as const) {
      const { tries, results, run } = setUp(50);
      const answered = run();
      await vi.advanceTimersByTimeAsync(50);
      tries[1]?.[first](503);
      await vi.advanceTimersByTimeAsync(50);
      tries[0]?.answer();
      expect([await answered, results]).toEqual([0, ['lost']]);
      expect(tries[1]?.call.discarded).toBe(first === 'answer' ? 1 : 0);
    }
  });

  it('uses a failing response when there is no better one, and the error when there is none', async () => {
    const { tries, results, run } = setUp(50);
    const [one, two] = [run(), run()];
    await vi.advanceTimersByTimeAsync(50);
    tries[0]?.answer(503);
    await vi.advanceTimersByTimeAsync(0);
    for (const i of [2, 1, 3]) tries[i]?.fail();
    expect([await one, await two, results]).toEqual([0, 'failed', ['failed', 'failed']]);
  });

  it('stays within the retry budget, and emits when that prevents a hedge', async () => {
    const { tries, results, run } = setUp(50);
    const all = Array.from({ length: 5 }, () => run());
    await vi.advanceTimersByTimeAsync(50);
    expect([tries.length, results]).toEqual([5 + 3, ['no_budget', 'no_budget']]);
    for (const each of tries) each.answer();
    await Promise.all(all);
  });

  describe('of a target that answers nothing', () => {
    it.each([{ method: 'HEAD' }, { method: 'GET', body: 'a body' }, { method: 'OPTIONS' }])(
      'makes another try after a third of the deadline, and one more after two thirds: %j',
      async (request) => {
        const { tries, late, results, run } = setUp(undefined, { targets: 3 });
        const [answered, startedAt] = [run(request), Date.now()];
        await vi.advanceTimersByTimeAsync(999);
        expect(tries).toHaveLength(1);
        await vi.advanceTimersByTimeAsync(1);
        expect(tries).toHaveLength(2);
        await vi.advanceTimersByTimeAsync(999);
        expect(tries).toHaveLength(2);
        await vi.advanceTimersByTimeAsync(1);
        tries[2]?.answer();
        expect([await answered, tries.map(({ call }) => call.gaveUp)]).toEqual([2, [1, 1, 0]]);
        expect(late).toEqual([
          [tries[0]?.target, startedAt],
          [tries[1]?.target, startedAt + 1_000],
        ]);
        expect([results, vi.getTimerCount()]).toEqual([['won'], 0]);
      },
    );

    it('makes no other try while the target answers other requests', async () => {
      const { tries, run } = setUp(undefined);
      const answered = run();
      for (const _ of [1, 2]) {
        await vi.advanceTimersByTimeAsync(900);
        Object.assign(tries[0]!.target, { answeredAt: Date.now() });
      }
      await vi.advanceTimersByTimeAsync(999);
      expect(tries).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(1);
      expect(tries).toHaveLength(2);
      tries[1]?.answer();
      expect(await answered).toBe(1);
    });

    it('limits other tries by the retry budget only while no other target answers, and always counts them', async () => {
      const started: number[] = [];
      for (const others of [false, true]) {
        const { tries, run, budget } = setUp(undefined, { others });
        const all = Array.from({ length: 5 }, () => run());
        await vi.advanceTimersByTimeAsync(1_000);
        started.push(tries.length);
        expect(budget.acquire()).toBe(false);
        for (const each of tries) each.answer();
        await Promise.all(all);
      }
      expect(started).toEqual([5 + 3, 5 + 5]);
    });

    it('makes the try that an exhausted budget did not allow as a hedge', async () => {
      const { tries, results, run } = setUp(50, { others: true });
      const all = Array.from({ length: 4 }, () => run());
      await vi.advanceTimersByTimeAsync(50);
      expect([tries.length, results]).toEqual([4 + 3, ['no_budget']]);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(tries).toHaveLength(4 + 4);
      for (const each of tries) each.answer();
      await Promise.all(all);
    });
  });

  describe('after p95', () => {
    it('hedges nothing before 20 responses', async () => {
      const { tries, run, sample } = setUp('p95');
      await sample(100, 19);
      const answered = run();
      await vi.advanceTimersByTimeAsync(999);
      expect(tries).toHaveLength(1);
      tries[0]?.answer();
      await answered;
    });

    it('includes tries that were given up, and no failures', async () => {
      const { tries, run, sample, budget } = setUp('p95', { share: 1 });
      for (let i = 0; i < 100; i++) budget.recordCall();
      await sample(100, 20);
      // Fast failures would make it sink to the floor.
      for (let i = 0; i < 500; i++) {
        const failing = run();
        tries.at(-1)?.answer(503);
        await failing;
      }
      // As many as make it look anew: given up after 150 ms, each beside one that took 40.
      for (let i = 0; i < 8; i++) {
        tries.length = 0;
        const hedged = run();
        await vi.advanceTimersByTimeAsync(99);
        expect(tries).toHaveLength(1);
        await vi.advanceTimersByTimeAsync(11);
        expect(tries).toHaveLength(2);
        await vi.advanceTimersByTimeAsync(40);
        tries[1]?.answer();
        await hedged;
      }
      tries.length = 0;
      const answered = run();
      await vi.advanceTimersByTimeAsync(140);
      expect(tries).toHaveLength(1);
      tries[0]?.answer();
      await answered;
    });

    it.each([
      [100, 99, 110],
      // The floor.
      [1, 9, 10],
    ])('where heads take %i ms not before %i ms and at the latest after %i ms', async (ms, before, after) => {
      const { tries, run, sample } = setUp('p95');
      await sample(ms, 20);
      const answered = run();
      await vi.advanceTimersByTimeAsync(before);
      expect(tries).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(after - before);
      expect(tries).toHaveLength(2);
      tries[1]?.answer();
      await answered;
    });
  });
});
