import type { Response } from 'express';
import { expect, it } from 'vitest';
import type { Exchange } from './exchange.js';
import { addServerTiming } from './server-timing.js';

/** @returns `Server-Timing` of a request that began 7 ms ago, of which its upstream took 5 */
function timingOf(changes: object): string {
  let added = '';
  const res = {
    writeHead: () => res,
    appendHeader: (_name: string, value: string) => (added = value),
  };
  const exchange = { req: {}, res, tries: [], startedAt: 3, upstreamMs: () => 5, ...changes };
  // The members that are read.
  addServerTiming(exchange as unknown as Exchange, { now: () => 10, wall: () => 0 });
  (exchange.res as unknown as Response).writeHead(200);
  return added;
}

const failure = { upstream: 'users', outcome: 'connect_failed', reason: 'ECONNREFUSED', target: undefined };

it.each([
  ['a limit', { rateLimit: { exceeded: 'users' } }, 'rate-limit;desc="users"'],
  ['a refusal', { authFailure: 'expired' }, 'auth;desc="expired"'],
  ['an identity', { identity: { provider: 'main' } }, 'auth;desc="verified by main"'],
  ['a stale copy', { cache: { kind: 'hit' }, failure }, 'fallback;desc="stale"'],
  ['a stored response', { cache: { kind: 'hit', status: 'b; hit' } }, 'cache;desc="b; hit"'],
  ['a fallback', { failure, fallback: 'response' }, 'fallback;desc="response"'],
  ['a failure', { failure }, 'failure;desc="users connect_failed ECONNREFUSED"'],
  ['quotes', { cache: { kind: 'bypass', status: 'a "b" \\c' } }, String.raw`cache;desc="a \"b\" \\c"`],
  ['other bytes', { identity: { provider: 'é\r\n' } }, 'auth;desc="verified by ???"'],
  [
    'a try under way',
    { tries: [{ upstream: 'users', target: 'http://a', startedAt: 6, durationMs: 0, detail: '' }] },
    'try;dur=4.0;desc="users http://a"',
  ],
])('Server-Timing tells of %s', (_name, changes, expected) => {
  const members = timingOf(changes).split(', ');
  expect(members.slice(-2)).toEqual(['gateway;dur=2.0', 'total;dur=7.0']);
  expect(members).toContain(expected);
});
