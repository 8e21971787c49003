import { beforeEach, describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET, token } from '../support/tokens.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users, auth: { optional: true } }]
`;

const users = recording();
const gw = gateway(YAML).withUpstream('users', users.handler).startOnce();
beforeEach(users.clear);

describe('on a route where a token is optional', () => {
  it('a request without a token passes as anonymous', async () => {
    expect((await gw.fetch('/1', { headers: { 'x-user-id': 'eve' } })).status).toBe(200);
    expect(users.requests[0]?.headers).not.toHaveProperty('x-user-id');
    expect(users.requests[0]?.headers).not.toHaveProperty('x-user-scopes');
  });

  it('a request with a valid token passes as its subject', async () => {
    expect((await gw.fetch('/1', { headers: bearer() })).status).toBe(200);
    expect(users.requests[0]?.headers).toMatchObject({ 'x-user-id': 'alice' });
  });

  it.each([
    ['an expired one', `Bearer ${token({ exp: 1 })}`],
    ['a forged one', `Bearer ${token({}, { key: 'another secret of more than 32 bytes, for tests' })}`],
    ['nonsense', 'Bearer nonsense'],
    ['another scheme', 'Basic YTpi'],
    ['nothing after the scheme', 'Bearer'],
  ])('a request with %s gets a 401', async (_, authorization) => {
    expect((await gw.fetch('/1', { headers: { authorization } })).status).toBe(401);
    expect(users.requests).toHaveLength(0);
  });

  it.each(['?access_token=', '?a=1&access_token=nonsense', '?access%5Ftoken'])(
    'a request with an access_token in the query gets a 401: %s',
    async (query) => {
      const response = await gw.fetch(`/1${query}`);
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([
        401,
        'Bearer realm="breakwater"',
      ]);
      expect(users.requests).toHaveLength(0);
      expect((await gw.fetch('/1?a=1&access_tokens=1&token=access_token')).status).toBe(200);
    },
  );
});
