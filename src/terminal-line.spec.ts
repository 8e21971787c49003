import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { terminalLine } from './terminal-line.js';

function shown(line: object): string {
  return stripVTControlCharacters(
    terminalLine(JSON.stringify({ level: 'info', time: '2026-01-02T03:04:05.678Z', ...line })),
  );
}

it('shows a request in short', () => {
  const request = {
    context: 'Access',
    msg: 'request',
    method: 'GET',
    path: '/users/1',
    status: 200,
    durationMs: 3.2,
  };
  expect(shown({ ...request, outcome: 'success', cache: 'hit', requestId: 'a1', bytesIn: 7 })).toBe(
    '03:04:05.678 info  GET /users/1 200 3.2ms cache=hit\n',
  );
  const failed = { ...request, level: 'warn', status: 502, upstream: 'users', target: 'http://a:1' };
  expect(shown({ ...failed, outcome: 'connect_failed', cause: 'ECONNREFUSED a:1', requestId: 'a1' })).toBe(
    '03:04:05.678 warn  GET /users/1 502 3.2ms users http://a:1 outcome=connect_failed cause="ECONNREFUSED a:1" requestId=a1\n',
  );
});

it('shows the fields of other events', () => {
  expect(
    shown({ context: 'Breaker', msg: 'breaker open', upstream: 'users', failures: [{ status: 500 }] }),
  ).toBe('03:04:05.678 info  Breaker breaker open upstream=users failures=[{"status":500}]\n');
});

it('shows control characters instead of obeying them', () => {
  expect(shown({ msg: 'a\u001b[2Jb\u009bc\nd\u202ee' })).toContain('a\\u001b[2Jb\\u009bc\\u000ad\\u202ee');
});
