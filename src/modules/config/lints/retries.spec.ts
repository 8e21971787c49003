import { expect, it } from 'vitest';
import { warningsOf } from '../../../../test/support/warnings.js';

const config = (retry: string, methods = '[]', rest = '') => `
upstreams: { users: { url: http://users, retry: { ${retry} } } }
routes: [{ id: r, match: { path: /r, methods: ${methods} }, upstream: users, ${rest} }]`;

it.each([
  ['[POST]', 'attempts: 2', 1],
  ['[POST, PATCH]', 'attempts: 2', 1],
  ['[POST, PUT]', 'attempts: 2', 0],
  ['[]', 'attempts: 2', 0],
  ['[POST]', 'attempts: 0', 0],
  ['[POST]', '', 0],
])('of a route for %s and retry: { %s } there are %i warnings', (methods, retry, count) => {
  expect(warningsOf(config(retry, methods))).toEqual(
    Array.from({ length: count }, () =>
      expect.stringContaining('upstreams.users.retry.attempts: its routes take only POST'),
    ),
  );
});

it('warns of retries of nothing', () => {
  expect(warningsOf(config('on: []'))).toEqual([
    'upstreams.users.retry.on: it is empty: nothing is tried again, which `attempts: 0` says as well',
  ]);
  // Tries that time out are made again whatever `on` says.
  expect(warningsOf(config('on: [], perTryTimeout: 1s'))).toEqual([]);
});

it('warns of a kept body that is larger than any', () => {
  const above = 'upstreams.users.retry.maxBodyBytes: retry.maxBodyBytes';
  expect(warningsOf(config('maxBodyBytes: 11MiB'))).toEqual([
    `${above} (11MiB) is above maxBodyBytes (10MiB): no request body is that large`,
  ]);
  expect(warningsOf(config('maxBodyBytes: 2KiB', '[]', 'maxBodyBytes: 1KiB'))).toEqual([
    expect.stringContaining(`${above} (2KiB) is above maxBodyBytes (1KiB)`),
  ]);
  expect(warningsOf(config('maxBodyBytes: 11MiB', '[]', 'maxBodyBytes: 11MiB'))).toEqual([]);
  expect(warningsOf(config('', '[]', 'maxBodyBytes: 1KiB'))).toEqual([]);
});

const hedged = (routes: string) => `
upstreams:
  users: { targets: [{ url: http://a }, { url: http://b }], hedge: { after: p95 } }
  orders: { url: http://orders, retry: { perTryTimeout: 1s }, fallback: { upstream: users } }
routes: [${routes}]`;
const route = (upstream: string, methods: string, rest = '') =>
  `{ id: ${upstream}, match: { path: /${upstream}, methods: ${methods} }, upstream: ${upstream}, ${rest} }`;

it.each([
  [1, [route('users', '[POST, PUT]'), route('orders', '[POST]')]],
  [0, [route('users', '[POST, GET]'), route('orders', '[POST]')]],
  [0, [route('users', '[]'), route('orders', '[POST]')]],
  // GET gets there as a fallback, or as a copy.
  [0, [route('users', '[POST]'), route('orders', '[GET]')]],
])('warns %i times of a hedge behind %j', (count, routes) => {
  expect(warningsOf(hedged(routes.join(', ')))).toEqual(
    Array(count).fill(
      'upstreams.users.hedge: its routes take neither GET nor HEAD, and nothing else is asked for twice',
    ),
  );
});

it('counts copies as requests', () => {
  const posts = route('users', '[POST]');
  const copies = (mirror: string) =>
    warningsOf(
      hedged(`${posts}, ${route('orders', '[GET]', mirror)}`).replace(', fallback: { upstream: users }', ''),
    );
  expect(copies('')).toHaveLength(1);
  expect(copies('mirror: { upstream: users }')).toEqual([]);
});
