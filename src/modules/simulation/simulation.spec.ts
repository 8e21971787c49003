import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/parse-config.js';
import { Simulation, type UpstreamReport } from './simulation.js';

const START = Date.parse('2026-01-01T00:00:00Z');
const BREAKER =
  'breaker: { errorRate: 100%, consecutiveFailures: 3, minRequests: 1000, openFor: 5s, maxOpenFor: 60s }';

function simulation(upstreams: string, routes = '{ id: users, match: { path: /** }, upstream: users }') {
  const text = `upstreams: { ${upstreams} }\nroutes: [${routes}]`;
  const result = parseConfig(text, { file: 'gateway.yaml', env: {}, readFile: () => '' });
  if (!result.ok) throw new TypeError(JSON.stringify(result.problems));
  return new Simulation(result.config);
}

/** @param at milliseconds since the start at which the response was complete */
function line(at: number, outcome: string, fields: object = {}): string {
  const time = new Date(START + at).toISOString();
  const status = outcome === 'success' ? 200 : 502;
  const call = { context: 'Access', time, route: 'users', upstream: 'users', tries: 1, upstreamMs: 0 };
  return JSON.stringify({ ...call, status, outcome, ...fields });
}

function usersOf(
  lines: readonly string[],
  upstreams = `users: { url: http://users, ${BREAKER} }`,
): UpstreamReport {
  const run = simulation(upstreams);
  for (const each of lines) run.take(each);
  const [report] = run.report().upstreams;
  if (!report) throw new TypeError('no upstream');
  return report;
}

/** One call each second: good until 2 s, failing from 3 s to 12 s, good from 13 s to 29 s. */
const OUTAGE = Array.from({ length: 30 }, (_, second) =>
  line(second * 1_000, second >= 3 && second <= 12 ? 'reset' : 'success'),
);

describe('Simulation', () => {
  // Failures at 3, 4 and 5 s open it for 5 s. The trial at 10 s fails, and doubles the time: open until 20 s, when the
  // next call is a trial that passes. Rejected: 6-9 s and 11-12 s, which fail, and 13-19 s, which do not.
  it('opens, doubles the open time after a failed trial, and closes, as the breaker does', () => {
    const { calls, failed, configured, openings } = usersOf(OUTAGE);
    expect({ calls, failed }).toEqual({ calls: 30, failed: 10 });
    expect(configured).toMatchObject({ opened: 1, saved: 6, refused: 7, openMs: 15_000 });
    expect(openings).toEqual([
      {
        at: START + 5_000,
        until: START + 20_000,
        reason: 'consecutive-failures',
        failedTrials: 1,
        saved: 6,
        refused: 7,
      },
    ]);
  });

  // With openFor: 10s the trial at 15 s passes: 6-12 s are saved, 13-14 s refused. With consecutiveFailures: 2 as well,
  // it opens at 4 s, and the trial at 14 s passes: 5-12 s are saved, 13 s is refused. There are nine neighbours, since no
  // rate is above 100%, and 32 pairs of them.
  it('ranks thresholds by the failing calls that they save more than they refuse good ones', () => {
    const { better, candidates } = usersOf(OUTAGE);
    expect(candidates).toBe(41);
    expect(better[0]).toEqual({
      thresholds: 'consecutiveFailures: 2, openFor: 10s',
      opened: 1,
      openMs: 10_000,
      saved: 8,
      savedTries: 8,
      refused: 1,
      explanation: 'opens 1 s earlier, saves 2 failing calls more, refuses 6 good calls fewer',
    });
    expect(better.find(({ thresholds }) => thresholds === 'openFor: 10s')).toMatchObject({
      saved: 7,
      refused: 2,
      explanation: 'saves 1 failing call more, refuses 5 good calls fewer',
    });
  });

  // 3 of 6 calls within the window fail, never twice in a row.
  it('opens at the error rate', () => {
    const breaker = 'breaker: { errorRate: 50%, consecutiveFailures: 5, minRequests: 6, window: 10s }';
    const lines = ['success', 'reset', 'success', 'reset', 'success', 'reset'];
    const { openings } = usersOf(
      lines.map((outcome, i) => line(i * 100, outcome)),
      `users: { url: http://users, ${breaker} }`,
    );
    expect(openings).toMatchObject([{ at: START + 500, reason: 'error-rate', until: undefined }]);
  });

  it('lets calls pass that were under way when it opened, and does not count their results', () => {
    const open = [0, 1, 2].map((i) => line(i, 'reset'));
    // It began before the breaker opened at 2 ms, and the other one after that.
    const report = usersOf([
      ...open,
      line(1_000, 'reset', { upstreamMs: 999 }),
      line(1_001, 'reset', { upstreamMs: 900, tries: 2 }),
    ]);
    expect(report.configured).toMatchObject({ opened: 1, saved: 1, savedTries: 2 });
    expect(report.retried).toBe(1);
  });

  // The call began while it was open, and ends after the trial has passed.
  it('rejects a call that began while it was open, when it ends later', () => {
    const lines = [0, 1, 2].map((i) => line(i, 'reset'));
    const late = line(6_000, 'success', { upstreamMs: 3_000 });
    expect(usersOf([...lines, line(5_500, 'success'), late]).configured).toMatchObject({
      opened: 1,
      refused: 1,
    });
  });

  it('leaves out calls that the gateway itself rejected, and counts clients that left on neither side', () => {
    const open = [0, 1, 2].map((i) => line(i, 'reset'));
    const rest = [line(3, 'breaker_open', { tries: 0 }), line(4, 'client_gone')];
    expect(usersOf([...open, ...rest])).toMatchObject({
      calls: 4,
      rejected: 1,
      configured: { saved: 0, refused: 0 },
    });
  });

  it('judges statuses by failureStatuses of the configuration', () => {
    const breaker = 'breaker: { consecutiveFailures: 2, failureStatuses: [429] }';
    const lines = [line(0, 'success', { status: 429 }), line(1, 'success', { status: 429 })];
    expect(usersOf(lines, `users: { url: http://users, ${breaker} }`).configured.opened).toBe(1);
    expect(usersOf(lines).failed).toBe(0);
  });

  it('counts a call for the upstream that was asked first, also when a fallback upstream answered', () => {
    const upstreams = `users: { url: http://users, ${BREAKER}, fallback: { upstream: copy } }, copy: { url: http://copy }`;
    const fields = { fallback: 'upstream', fallbackUpstream: 'copy', status: 200, tries: 2 };
    const report = usersOf(
      [0, 1, 2].map((i) => line(i, 'connect_failed', fields)),
      upstreams,
    );
    expect(report).toMatchObject({ upstream: 'users', failed: 3, configured: { opened: 1 } });
  });

  it('counts what it cannot use, and does not stop at it', () => {
    const run = simulation(`users: { url: http://users, ${BREAKER} }`);
    const others = [
      'no JSON',
      '',
      '{"context":"Breaker"}',
      '{ "context": "Access" ',
      line(0, 'rejected', { tries: 0 }),
      line(0, 'no outcome'),
      line(0, 'success', { time: 'never' }),
      line(0, 'success', { upstream: undefined }),
    ];
    for (const each of [
      ...others,
      line(0, 'success'),
      line(0, 'success', { upstream: 'orders', route: 'orders' }),
    ])
      run.take(each);
    run.take(`2026-01-01T00:00:00.000Z stdout F ${line(20_000, 'success')}`);
    run.take(line(1_000, 'success'));
    expect(run.report()).toMatchObject({
      skipped: 7,
      late: 1,
      unknown: { orders: 1 },
      upstreams: [{ upstream: 'users', calls: 3 }],
    });
  });

  it('keeps a bounded number of spans, openings and states, however long the log is', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => line(i * 4_000, i % 5 < 3 ? 'reset' : 'success'));
    const { spans, openings, configured } = usersOf(lines);
    expect(spans.length).toBeLessThanOrEqual(240);
    expect(spans.reduce((sum, { good, failed }) => sum + good + failed, 0)).toBe(20_000);
    expect([openings.length, configured.opened > 1_000]).toEqual([1_000, true]);
  });
});
