import { afterEach, expect, it } from 'vitest';
import { definePlugin } from '../../src/plugin.js';
import { StubUpstream, testClock, type TestGateway, testGateway } from '../../src/testing.js';

const YAML = `
auth: { main: { secret: a secret of at least 32 bytes, for tests, algorithms: [HS256] } }
upstreams:
  users:
    url: \${USERS_URL}
    timeout: 300ms
    retry: { attempts: 0 }
    breaker: { consecutiveFailures: 2, openFor: 5m, maxOpenFor: 10m }
routes:
  - { id: users, match: { path: /users/** }, upstream: users, auth: none }
  - { id: mine, match: { path: /mine/** }, upstream: users, cache: { ttl: 1m } }
`.replace('a secret of at least 32 bytes, for tests', '"a secret of at least 32 bytes, for tests"');

let gw: TestGateway | undefined;
afterEach(async () => {
  await gw?.close();
  gw = undefined;
});

async function start() {
  const users = new StubUpstream({ body: { id: 1 } });
  const clock = testClock();
  gw = await testGateway({ yaml: YAML, upstreams: { users }, clock });
  return { gw, users, clock };
}

it('opens a breaker on failures, and closes it when the clock is set past its open time', async () => {
  const { gw, users, clock } = await start();
  users.fail(503);
  await gw.fetch('/users/1');
  await gw.fetch('/users/1');
  expect(gw.breaker('users')).toBe('open');
  expect((await gw.fetch('/users/2')).status).toBe(503);
  expect(await gw.exchange('/users/2')).toMatchObject({ outcome: 'breaker_open', tries: 0, breaker: 'open' });
  await users.recover();
  clock.advance(10 * 60_000);
  expect(gw.breaker('users')).toBe('half-open');
  expect(await (await gw.fetch('/users/3')).json()).toEqual({ id: 1 });
  expect(await gw.exchange('/users/3')).toMatchObject({ outcome: 'success', breaker: 'closed', tries: 1 });
  expect(users.requests.map(({ url }) => url)).toEqual(['/users/1', '/users/1', '/users/3']);
});

it('refuses connections, hangs, and recovers on the same port', async () => {
  const { gw, users } = await start();
  await users.refuse();
  expect((await gw.fetch('/users/refused')).status).toBe(502);
  await users.recover();
  expect((await gw.fetch('/users/good')).status).toBe(200);
  users.hang();
  expect((await gw.fetch('/users/hangs')).status).toBe(504);
  expect(await gw.exchange('/users/hangs')).toMatchObject({ outcome: 'deadline', status: 504 });
});

it('calls with the token of a user, and tells what the cache did', async () => {
  const { gw, users } = await start();
  expect((await gw.fetch('/mine/a')).status).toBe(401);
  await gw.fetch('/mine/b', { user: 'alice' });
  expect(await gw.exchange('/mine/b')).toMatchObject({ cache: 'forward', route: 'mine' });
  await gw.fetch('/mine/b', { token: gw.tokenOf('alice') });
  expect(users.requests.map(({ headers }) => headers['x-user-id'])).toEqual(['alice']);
});

it('throws the problems of a configuration', async () => {
  const users = new StubUpstream();
  await expect(testGateway({ yaml: 'upstream: {}', upstreams: { users } })).rejects.toThrow('upstream');
});

it('runs the plugins that it is given', async () => {
  const users = new StubUpstream({ body: { id: 1 } });
  const closed = definePlugin({
    name: 'closed',
    hooks: () => ({ onRequest: () => ({ response: { status: 410 } }) }),
  });
  const yaml = `plugins: { closed: {} }\n${YAML.replace('auth: none', 'auth: none, plugins: [closed]')}`;
  gw = await testGateway({ yaml, upstreams: { users }, plugins: [closed] });
  expect((await gw.fetch('/users/1')).status).toBe(410);
  expect(await gw.exchange('/users/1')).toMatchObject({ outcome: 'plugin_answer', tries: 0 });
});
