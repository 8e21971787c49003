import { describe, expect, it } from 'vitest';
import { goodRun } from './good-run.js';
import { judge } from './objectives.js';
import type { Recording } from './recording.js';
import type { RequestRecord } from './types.js';

/** @param change replaces the requests of a flow in some seconds of the run */
function withRequests(
  flow: RequestRecord['flow'],
  [from, to]: readonly [number, number],
  change: Partial<RequestRecord>,
  run = goodRun(),
): Recording {
  const requests = run.requests.map((each) =>
    each.flow === flow && each.at >= from * 1000 && each.at < to * 1000 ? { ...each, ...change } : each,
  );
  return { ...run, requests };
}

const FAILED = { status: 502, fallback: undefined };

/** The titles of what did not hold, without the ones that were not measured. */
const broken = (run: Recording) =>
  judge(run)
    .filter(({ status }) => status === 'failed')
    .map(({ title }) => title);
const notMeasured = (run: Recording) =>
  judge(run)
    .filter(({ status }) => status === 'not measured')
    .map(({ title }) => title);

describe('judge', () => {
  it('finds that everything has held', () => {
    expect(judge(goodRun()).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 'held'));
  });

  it('fails when a user gets an error while orders is away', () => {
    expect(broken(withRequests('users', [21, 21.1], FAILED))).toEqual([
      'Errors of users while orders is away',
      'Errors of users, streams and WebSockets whose own service is up',
    ]);
  });

  it('fails when users become slow while orders is away', () => {
    const run = withRequests('users', [21, 24], { ms: 150 });
    expect(broken(run)).toEqual(['p99 of users while orders is away']);
    expect(judge(run)[1]).toMatchObject({
      measured: expect.stringMatching(/^150 ms .*at least 150 ms/) as string,
      limit: expect.stringMatching(/^< 100 ms/) as string,
    });
  });

  it('does not take one slow user for a slow service', () => {
    expect(broken(withRequests('users', [21, 21.1], { ms: 150 }))).toEqual([]);
  });

  it('does not count time in which a process had no CPU', () => {
    const run = withRequests('users', [21, 24], { ms: 150 });
    const stalls = Array.from({ length: 300 }, (_, i) => ({ at: 21_000 + i * 10, ms: 6 }));
    expect(broken({ ...run, stalls })).toEqual([]);
  });

  it('says that a p99 was not measured when there were too few requests', () => {
    const run = goodRun();
    const requests = run.requests.filter(({ flow, at }) => flow !== 'users' || at < 20_000 || at > 25_000);
    expect(notMeasured({ ...run, requests })).toEqual(['p99 of users while orders is away']);
  });

  it('fails when a request for orders has no answer', () => {
    expect(broken(withRequests('orders', [20.2, 20.3], FAILED))).toEqual([
      'Requests for orders without an answer',
    ]);
  });

  it('fails when an answer takes long although the breaker is open', () => {
    expect(broken(withRequests('orders', [22, 23], { ms: 101 }))).toEqual([
      'p99 of the answers for orders while its breaker is open',
    ]);
    expect(broken(withRequests('orders', [20, 20.4], { ms: 1000 }))).toEqual([]);

    expect(broken(withRequests('orders', [22, 22.1], { ms: 1000 }))).toEqual([]);

    const run = goodRun();
    const slow = { flow: 'orders', ms: 1000, status: 200 } as const;
    const atTheEnd = Array.from({ length: 10 }, (_, i) => ({ ...slow, at: 28_920 + i }));
    expect(broken({ ...run, requests: [...run.requests, ...atTheEnd] })).toEqual([]);
  });

  it('says that answers and recovery were not measured when no breaker has opened', () => {
    expect(notMeasured({ ...goodRun(), transitions: [] })).toEqual([
      'p99 of the answers for orders while its breaker is open',
      'Longest time from the return of a service to its closed breaker',
    ]);
  });

  it('fails when a breaker stays open too long after its service is back', () => {
    const run = goodRun();
    const [opened] = run.transitions;
    const late = { at: 34_000, upstream: 'orders', to: 'closed', reason: 'health' } as const;
    expect(broken({ ...run, transitions: [opened!, late] })).toEqual([
      'Longest time from the return of a service to its closed breaker',
    ]);
  });

  it('fails when the cache does not answer', () => {
    expect(broken(withRequests('cached', [21, 21.1], FAILED))).toEqual([
      'Requests of the cached route without an answer',
    ]);
  });

  it('expects no copies when users fails shortly after Redis has lost its data', () => {
    const run = withRequests('cached', [33, 34], { status: 503, cache: undefined });
    const kill = (target: 'users' | 'redis', from: number) =>
      ({ target, kind: 'kill', at: from, for: 1_000, from, to: from + 1_000 }) as const;
    const usersKilled = [...run.faults, kill('users', 33_000)];
    expect(broken({ ...run, faults: usersKilled })).toHaveLength(1);
    expect(broken({ ...run, faults: [...usersKilled, kill('redis', 30_000)] })).toEqual([]);
    expect(
      broken({ ...run, faults: [...usersKilled, { ...kill('redis', 30_000), kind: 'freeze' }] }),
    ).toHaveLength(1);
  });

  it('expects errors of a stream only while its own service is away', () => {
    const cut = { error: 'ECONNRESET' };
    const title = 'Errors of users, streams and WebSockets whose own service is up';
    expect(broken(withRequests('streaming', [21, 21.1], cut))).toEqual([title]);
    expect(broken(withRequests('websocket', [21, 21.1], cut))).toEqual([title]);

    const run = withRequests('streaming', [32, 33], cut);
    const kill = { target: 'live', kind: 'kill', at: 32_000, for: 1_000, from: 32_000, to: 33_000 } as const;
    expect(broken({ ...run, faults: [...run.faults, kill] })).toEqual([]);
  });

  it.each([
    ['heapMiB', 49, 'Heap of the gateway after the run'],
    ['sockets', 13, 'Sockets of the gateway after the run'],
    ['timers', 22, 'Timers of the gateway after the run'],
  ])('fails when the gateway holds more %s than before', (key, value, title) => {
    const run = goodRun();
    const { before } = run.footprint;
    expect(broken({ ...run, footprint: { before, after: { ...before, [key]: value } } })).toEqual([title]);
  });

  it('ignores the warm-up', () => {
    const run = goodRun();
    const early = { flow: 'users', at: -500, ms: 5, status: 502 } as const;
    expect(broken({ ...run, requests: [early, ...run.requests] })).toEqual([]);
  });
});
