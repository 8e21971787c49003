import { expect, it } from 'vitest';
import { warningsOf } from '../../../../test/support/warnings.js';

const users = (upstream: string) => `
upstreams: { users: { ${upstream} } }
routes: [{ id: r, match: { path: /r }, upstream: users }]`;
const ONE = 'url: http://users';

it.each([
  [
    'bulkhead: { concurrent: 100 }, pool: { connections: 99 }',
    'pool.connections: pool.connections (99 in all) is below bulkhead.concurrent (100)',
  ],
  [
    'pool: { connections: 10 }',
    'pool.connections: pool.connections (10 in all) is below bulkhead.concurrent (256)',
  ],
  [
    'bulkhead: { concurrent: 129 }',
    'bulkhead.concurrent: bulkhead.concurrent (129) is above pool.connections (128 in all)',
  ],
])('warns of %s', (rest, warning) => {
  expect(warningsOf(users(`${ONE}, ${rest}`))).toEqual([
    expect.stringContaining(`upstreams.users.${warning}: the rest hold a place and wait`),
  ]);
});

it.each([
  `${ONE}, bulkhead: { queue: 5 }`,
  `${ONE}, bulkhead: { concurrent: 128 }`,
  'targets: [{ url: http://a }, { url: http://b }], bulkhead: { concurrent: 100 }, pool: { connections: 50 }',
])('has nothing against %s', (upstream) => {
  expect(warningsOf(users(upstream))).toEqual([]);
});
