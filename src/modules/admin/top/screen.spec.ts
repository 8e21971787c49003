import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openReport, pictureOf, report, START, transition } from '../../../../test/support/reports.js';
import type { Connection } from '../dashboard/wire.js';
import { screen, type Size } from './screen.js';

const names = Array.from({ length: 300 }, (_, i) => `service-${i}`);

function lines(ids: readonly string[], size?: Size, connection: Connection = { state: 'live' }): string[] {
  const upstreams = [...ids.map((id) => report(id)), openReport('orders'), openReport('payments')];
  const picture = pictureOf(upstreams, [transition(0, 'orders', {})]);
  return screen(picture, connection, START + 60_000, size).map((line) => stripVTControlCharacters(line));
}

describe('the screen of breakwater top', () => {
  it('tells what is wrong, and then lists all upstreams, failing first', () => {
    const all = lines(['users']);
    const text = all.join('\n');
    expect(text).toContain('2 down of 3 upstreams.');
    expect(text).toMatch(/■ Down orders {2}Breaker open since \d\d:\d\d:\d\d \(1 min 0 s\)/);
    expect(text).toContain('  Why      5 calls in a row failed: connection refused at 10.0.0.7:3001.');
    expect(all.slice(-3).map((line) => line.split(/\s+/).slice(0, 3).join(' '))).toEqual([
      '■ orders Down',
      '■ payments Down',
      '● users OK',
    ]);
  });

  it('ends with the routes that have the most errors, where there is room', () => {
    const routes = [
      { route: 'users', requests: 600, errors: 0, p95: 11.3 },
      { route: 'orders', requests: 60, errors: 6 },
    ];
    const text = (size?: Size) =>
      screen(pictureOf([report('users')], [], routes), { state: 'live' }, START, size).map((line) =>
        stripVTControlCharacters(line),
      );
    const expected = [
      '  ROUTE, LAST MINUTE  REQ/S  ERRORS  SHARE    P95',
      '  orders                1.0       6    10%      –',
      '  users                  10       0     0%  11 ms',
    ];
    expect(text().slice(-3)).toEqual(expected);
    expect(text({ columns: 80, rows: 16 }).slice(-3)).toEqual(expected);
    expect(text({ columns: 80, rows: 15 }).join()).not.toContain('ROUTE');
  });

  it('fits the terminal: as many boxes as leave room for the list, and no line is longer', () => {
    const all = lines(names, { columns: 60, rows: 18 });
    expect(all).toHaveLength(18);
    expect(all.filter((line) => line.startsWith('■ Down'))).toHaveLength(1);
    expect(all.at(-1)).toMatch(/^29\d more upstreams$/);
    expect(Math.max(...all.map(({ length }) => length))).toBe(60);
  });

  it('says what is unusual about the gateway itself', () => {
    const picture = pictureOf([report('users')], []);
    const since = new Date(START).toISOString();
    const overloads = [{ reason: 'delay', since, rejectedPerSecond: 1_234 }] as const;
    const { gateway } = picture;
    if (gateway) picture.gateway = { ...gateway, overloads, reloadError: 'line 3' };
    const text = screen(picture, { state: 'live' }, START + 60_000).map((line) =>
      stripVTControlCharacters(line),
    );
    expect(text.slice(2, 5)).toEqual([
      'The upstream is OK.',
      expect.stringMatching(
        /^▲ Overload: 1,234 requests\/s are rejected with 503, since \d\d:\d\d:\d\d \(1 min 0 s\), because requests wait/,
      ),
      '▲ Last reload: failed: line 3',
    ]);
  });

  it('says that its data is old', () => {
    const lost = { state: 'lost', since: START, detail: 'ECONNREFUSED', retryAt: START } as const;
    expect(lines([], undefined, lost)[0]).toMatch(
      /■ disconnected \(ECONNREFUSED\), showing data of .*\d\d:\d\d:\d\d$/,
    );
  });
});
