import { describe, expect, it } from 'vitest';
import { warningsOf } from '../../../../test/support/warnings.js';

const PROVIDER = `{ secret: ${'x'.repeat(32)}, algorithms: [HS256] }`;
const route = (rest: string, match = 'path: /r', auth = '') => `
auth: { ${auth} }
upstreams: { users: { url: http://users }, next: { url: http://next } }
routes:
  - { id: r, match: { ${match} }, ${rest} }
  - { id: all, match: { path: /all }, split: [{ upstream: users }, { upstream: next }], auth: none }`;

describe('of a route', () => {
  it.each([
    ['upstream: users, cache: { per: user }', 'cache.per: `per: user` on a route without auth'],
    [
      'split: [{ upstream: users }, { upstream: next }], cache: {}',
      'cache: one copy for all on a split route',
    ],
    ['split: [{ upstream: users }]', 'split: it has one side only, which `upstream: users` says as well'],
    [
      'split: [{ upstream: users }, { upstream: next, weight: 0 }, { upstream: users }]',
      'split[2].upstream: split[0] goes to users already: one side with both weights does the same',
    ],
    [
      'upstream: users, fault: { abort: { status: 500 } }',
      'fault.abort: every request is answered with 500: none gets to the upstream',
    ],
    [
      'upstream: users, fault: { abort: { percent: 100% } }',
      'fault.abort: every request is answered with 503',
    ],
  ])('with %s it says so', (rest, warning) => {
    const warnings = warningsOf(route(rest)).filter((each) => !each.includes('breaker.window'));
    expect(warnings).toEqual([expect.stringContaining(`routes[0].${warning}`)]);
  });

  it.each([
    ['upstream: users, fault: { abort: { percent: 99% }, delay: { for: 1s } }'],
    ['split: [{ upstream: users }, { upstream: next, weight: 0 }]'],
  ])('with %s it says nothing', (rest) => {
    expect(warningsOf(route(rest))).toEqual([]);
  });

  it('with auth it warns of a cache that all share', () => {
    expect(
      warningsOf(route('upstream: users, cache: { per: public }', 'path: /r', `main: ${PROVIDER}`)),
    ).toEqual([expect.stringContaining('routes[0].cache.per: `per: public` on a route with auth')]);
  });

  it.each([
    ['[POST]', 'true', 1],
    ['[HEAD]', '{ idleTimeout: 1m }', 1],
    ['[POST, GET]', 'true', 0],
    ['[]', 'true', 0],
    ['[POST]', 'false', 0],
  ])('for %s with websocket: %s there are %i warnings', (methods, websocket, count) => {
    const text = route(`upstream: users, websocket: ${websocket}`, `path: /r, methods: ${methods}`);
    expect(warningsOf(text)).toEqual(
      Array(count).fill(
        'routes[0].websocket: a WebSocket begins with a GET, which `match.methods` leaves out',
      ),
    );
  });
});

it.each([
  ['/users/:id', '`:id` is taken as it is written; a parameter is `{id}`'],
  ['/health', '/health is answered by the gateway itself: no request gets to this route'],
  ['/health/ready', '/health/ready is answered by the gateway itself'],
  ['/docs/a:b', undefined],
  ['/health/**', undefined],
])('about the path %s it says %s', (path, warning) => {
  const expected = expect.stringContaining(`routes[0].match.path: ${warning}`);
  expect(warningsOf(route('upstream: users', `path: "${path}"`))).toEqual(
    warning === undefined ? [] : [expected],
  );
});
