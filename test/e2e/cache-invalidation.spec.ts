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
