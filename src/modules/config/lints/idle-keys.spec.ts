import { expect, it } from 'vitest';
import { warningsOf } from '../../../../test/support/warnings.js';

const ONE = 'url: http://a';
const TWO = 'targets: [{ url: http://a }, { url: http://b }]';
const TLS = 'targets: [{ url: http://a }, { url: https://b }]';
const users = (upstream: string) => `
upstreams: { users: { ${upstream} } }
routes: [{ id: r, match: { path: /r }, upstream: users }]`;

it.each([
  [ONE, 'retry: { attempts: 0, on: [502] }', 'retry.on: `retry.attempts` is 0'],
  [ONE, 'retry: { attempts: 0, backoff: { base: 20s } }', 'retry.backoff: `retry.attempts` is 0'],
  [ONE, 'retry: { attempts: 0, maxBodyBytes: 100MiB }', 'retry.maxBodyBytes: `retry.attempts` is 0'],
  [ONE, 'retry: { attempts: 0, budget: 50% }', 'retry.budget: `retry.attempts` is 0: nothing is tried again'],
  [ONE, 'hedge: { after: 5s }', 'hedge: there is no second target to ask'],
  [TWO, 'hashOn: user', 'hashOn: only `balancer: consistent-hash` goes by it'],
  [ONE, 'balancer: consistent-hash', 'balancer: there is only one target to choose'],
  [ONE, 'slowStart: 10s', 'slowStart: there is only one target, and it gets everything'],
  [ONE, 'outlier: { ejectFor: 5s }', 'outlier: there is only one target, and it is never left alone'],
  [TWO, 'tls: { serverName: a.example }', 'tls: none of its targets is https'],
])('for %s it warns of %s', (targets, rest, warning) => {
  expect(warningsOf(users(`${targets}, ${rest}`))).toEqual([
    expect.stringContaining(`upstreams.users.${warning}`),
  ]);
});

it.each([
  [ONE, 'retry: { attempts: 0 }'],
  [ONE, 'retry: { attempts: 0, perTryTimeout: 1s }'],
  [ONE, 'slowStart: 0s, balancer: random'],
  [TWO, 'retry: { attempts: 0, budget: 50% }, hedge: { after: p95 }'],
  [TWO, 'balancer: consistent-hash, hashOn: user, slowStart: 10s, outlier: { ejectFor: 5s }'],
  [TLS, 'tls: { serverName: b.example }'],
])('for %s it has nothing against %s', (targets, rest) => {
  expect(warningsOf(users(`${targets}, ${rest}`))).toEqual([]);
});

const two = (defaults: string, first = '', second = '') => `
defaults: { ${defaults} }
upstreams: { users: { ${ONE}, ${first} }, orders: { ${second || ONE} } }
routes: [{ id: r, match: { path: /r }, split: [{ upstream: users }, { upstream: orders }] }]`;

it('lets defaults be for some upstreams only, and warns of those that are for none', () => {
  const message = 'there is only one target, and it gets everything';
  expect(warningsOf(two('slowStart: 10s', '', TWO))).toEqual([]);
  expect(warningsOf(two('retry: { on: [502] }', 'retry: { attempts: 0 }'))).toEqual([]);
  expect(warningsOf(two('slowStart: 10s'))).toEqual([`defaults.slowStart: ${message}`]);
  expect(warningsOf(two('retry: { attempts: 0 }', 'retry: { on: [502] }'))).toEqual([
    'upstreams.users.retry.on: `retry.attempts` is 0: nothing is tried again',
  ]);
});

it('warns of what an upstream writes itself even if the defaults say it too', () => {
  expect(warningsOf(two('slowStart: 10s', 'slowStart: 5s', TWO))).toEqual([
    expect.stringContaining('upstreams.users.slowStart'),
  ]);
});
