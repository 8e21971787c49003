import { expect, it } from 'vitest';
import { warningsOf } from '../../../../test/support/warnings.js';

const PROVIDER = `{ secret: ${'x'.repeat(32)}, algorithms: [HS256] }`;

it.each([
  ['', 1],
  ['cache: {}', 0],
  ['cache: { staleIfError: 10m }', 0],
  ['cache: { staleIfError: 0s }', 1],
])('of fallback.stale and a route with { %s } there are %i warnings', (cache, count) => {
  const of = (upstreams: string, defaults = '') =>
    warningsOf(`${defaults}
upstreams: { ${upstreams} }
routes: [{ id: r, match: { path: /r }, upstream: users, ${cache} }, { id: o, match: { path: /o }, upstream: orders }]`);
  const stale = 'users: { url: http://users, fallback: { stale: true } }, orders: { url: http://orders }';
  const none = 'users: { url: http://users }, orders: { url: http://orders }';
  expect(of(stale)).toEqual(
    Array(count).fill(
      'upstreams.users.fallback.stale: none of its routes has a `cache` that keeps anything for it',
    ),
  );
  expect(of(none, 'defaults: { fallback: { stale: true } }')).toEqual(
    Array(count).fill('defaults.fallback.stale: no route with a `cache` keeps anything for it'),
  );
});

it('of fallback.stale on one side of a split route it says that the others have to say so too', () => {
  const side = (stale: boolean) => `
upstreams: { users: { url: http://users, fallback: { stale: true } }, next: { url: http://next, fallback: { stale: ${stale} } } }
routes: [{ id: r, match: { path: /r }, split: [{ upstream: users }, { upstream: next }], cache: { per: user }, auth: {} }]
auth: { main: ${PROVIDER} }`;
  expect(warningsOf(side(true))).toEqual([]);
  expect(warningsOf(side(false))).toEqual([expect.stringContaining('upstreams.users.fallback.stale')]);
});

it.each([
  ['', 'without `retry.perTryTimeout` it is no help with timeouts: no time is left to ask it'],
  ['retry: { attempts: 0 }', 'without `retry.perTryTimeout` it is no help with timeouts'],
  ['retry: { attempts: 0, perTryTimeout: 2s }', undefined],
  [
    'retry: { perTryTimeout: 1500ms }',
    'retry.perTryTimeout (1500ms) for 2 tries takes all of timeout (3s): no time is left to ask it',
  ],
  ['retry: { perTryTimeout: 1s }', undefined],
])('of a fallback upstream beside %j it says %s', (retry, warning) => {
  const warnings = warningsOf(`
upstreams: { users: { url: http://users, fallback: { upstream: readonly }, ${retry} }, readonly: { url: http://ro } }
routes: [{ id: r, match: { path: /r }, upstream: users }]`);
  const expected = expect.stringContaining(`upstreams.users.fallback.upstream: ${warning}`);
  expect(warnings).toEqual(warning === undefined ? [] : [expected]);
});
