import { expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';
import { ask } from '../support/http.js';
import { recording } from '../support/recording.js';

it.each(['', ', cache: {}'])('a write by a fallback upstream removes the copy: %s', async (cache) => {
  const users = recording((_req, res) => res.end(String(users.requests.length)));
  const gw = await gateway(`
    upstreams:
      users: { url: "\${USERS_URL}" }
      first: { url: "\${FIRST_URL}", retry: { attempts: 0 }, fallback: { upstream: users } }
    routes:
      - { id: read, match: { path: /**, methods: [GET] }, upstream: users, cache: { ttl: 1m } }
      - { id: write, match: { path: /** }, upstream: first${cache} }
  `)
    .withUpstream('users', users.handler)
    .withEnv({ FIRST_URL: await closedPort() })
    .start();
  expect([await ask(`${gw.url}/1`), await ask(`${gw.url}/1`)]).toMatchObject([{ body: '1' }, { body: '1' }]);
  const written = await ask(`${gw.url}/1`, {}, 'POST');
  expect(written).toMatchObject({ body: '2', headers: { 'breakwater-fallback': 'upstream' } });
  expect((await ask(`${gw.url}/1`)).body).toBe('3');
});

it.each([
  ['Location', '/items/5'],
  ['Content-Location', 'http://HOST/items/5'],
])('a write removes the copy of what its %s names for clients: %s', async (name, reference) => {
  const users = recording((req, res) => {
    if (req.method === 'POST') res.setHeader(name, reference.replace('HOST', String(req.headers.host)));
    res.end(String(users.requests.length));
  });
  const gw = await gateway(`
    upstreams: { users: { url: "\${USERS_URL}" } }
    routes:
      - { id: api, match: { path: /api/** }, upstream: users, rewrite: { stripPrefix: /api }, cache: { ttl: 1m } }
      - { id: rest, match: { path: /** }, upstream: users, cache: { ttl: 1m } }
  `)
    .withUpstream('users', users.handler)
    .start();
  const bodies = async () => [
    (await ask(`${gw.url}/api/items/5`)).body,
    (await ask(`${gw.url}/items/5`)).body,
  ];
  expect([await bodies(), await bodies()]).toEqual([
    ['1', '2'],
    ['1', '2'],
  ]);
  expect(await ask(`${gw.url}/api/items`, {}, 'POST')).toMatchObject({
    headers: { [name.toLowerCase()]: '/api/items/5' },
  });
  expect(await bodies()).toEqual(['4', '2']);
});
