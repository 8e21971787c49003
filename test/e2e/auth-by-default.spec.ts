import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: silent, match: { path: /silent, methods: [GET] }, upstream: users }
  - { id: asking, match: { path: /asking }, upstream: users, auth: {} }
  - { id: open, match: { path: /open }, upstream: users, auth: none }
  - id: bare
    match: { path: /bare }
    upstream: users
    auth: none
    headers: { request: { remove: [Authorization] } }
`;

async function start() {
  const users = recording();
  return { users, gw: await gateway(YAML).withUpstream('users', users.handler).start() };
}

describe('with a provider configured', () => {
  it.each(['/silent', '/asking'])('requires a token on a route with and without `auth`: %s', async (path) => {
    const { gw, users } = await start();
    expect((await gw.fetch(path)).status).toBe(401);
    expect(users.requests).toHaveLength(0);
    expect((await gw.fetch(path, { headers: bearer() })).status).toBe(200);
    expect(users.requests).toHaveLength(1);
  });

  it('leaves a route public only when it says `auth: none`', async () => {
    const { gw, users } = await start();
    expect((await gw.fetch('/open')).status).toBe(200);
    // A public route forwards the token to the upstream without verifying it.
    const headers = { authorization: 'Bearer whatever' };
    expect((await gw.fetch('/open', { headers })).status).toBe(200);
    expect(users.requests[1]?.headers).toMatchObject(headers);
    expect(users.requests[1]?.headers).not.toHaveProperty('x-user-id');
  });

  it.each(['Basic YTpi', 'Bearer whatever', 'Digest username="a"', 'odd'])(
    'forwards credentials of any kind on a public route: %s',
    async (authorization) => {
      const { gw, users } = await start();
      for (const path of ['/open', '/bare'])
        expect((await gw.fetch(path, { headers: { authorization } })).status).toBe(200);
      expect(users.requests.map(({ headers }) => headers.authorization)).toEqual([authorization, undefined]);
    },
  );

  it.each([
    ['HEAD', '/silent'],
    ['HEAD', '/asking'],
    ['OPTIONS', '/asking'],
    ['PUT', '/asking'],
    ['DELETE', '/asking'],
  ])('requires a token in spite of %s: %s', async (method, path) => {
    const { gw, users } = await start();
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
    const response = await gw.fetch(path, { method, headers });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="breakwater"',
    ]);
    expect(users.requests).toHaveLength(0);
  });

  it('answers 404 and 405 without a token', async () => {
    const { gw } = await start();
    expect((await gw.fetch('/nowhere')).status).toBe(404);
    expect((await gw.fetch('/silent', { method: 'POST' })).status).toBe(405);
  });
});

describe('without a provider', () => {
  it('leaves every route public', async () => {
    const gw = await gateway(ONE_ROUTE).withUpstream('users', recording().handler).start();
    expect((await gw.fetch('/1')).status).toBe(200);
  });
});
