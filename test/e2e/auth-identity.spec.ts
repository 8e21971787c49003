import { beforeEach, describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { fieldsOf, recording } from '../support/recording.js';
import { bearer, SECRET, token } from '../support/tokens.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: users, match: { path: /** }, upstream: users }
  - { id: forwarding, match: { path: /forwarding }, upstream: users, auth: { forward: true } }
`;

const users = recording();
const gw = gateway(YAML).withUpstream('users', users.handler).startOnce();
beforeEach(users.clear);

/** @returns what the upstream receives about the user, one list of values for each header */
async function told(claims: Record<string, unknown>) {
  const response = await gw.fetch('/1', { headers: bearer(claims) });
  expect(response.status).toBe(200);
  return {
    id: fieldsOf(users.requests[0]!, 'x-user-id'),
    scopes: fieldsOf(users.requests[0]!, 'x-user-scopes'),
  };
}

describe('the identity in a verified token', () => {
  it.each([
    [{ scope: 'users:read users:write' }, 'users:read users:write'],
    [{ scp: ['users:read', 'users:write'] }, 'users:read users:write'],
    [{ scp: 'users:read' }, 'users:read'],
    [{}, ''],
  ])('is sent to the upstream with its scopes: %j', async (claims, scopes) => {
    expect(await told(claims)).toEqual({ id: ['alice'], scopes: [scopes] });
  });

  it('replaces the identity headers of the client', async () => {
    const forged = ['X-User-Id: root', 'x-user-scopes: admin', 'X_User_Id: root'];
    await raw(
      gw.url,
      requestHead('GET /1', 'Connection: close', `Authorization: Bearer ${token()}`, ...forged),
    );
    expect(fieldsOf(users.requests[0]!, 'x-user-id')).toEqual(['alice']);
    expect(fieldsOf(users.requests[0]!, 'x-user-scopes')).toEqual(['']);
    expect(fieldsOf(users.requests[0]!, 'x_user_id')).toEqual([]);
  });

  it.each(['Zoë', '日本', 'a\r\nX-User-Scopes: admin', 'a,b', 'auth0|5f', 'a@b.c', 'a\0b', ' '])(
    'is encoded as plain ASCII in one header: %j',
    async (sub) => {
      const { id } = await told({ sub });
      expect(id).toEqual([expect.stringMatching(/^[\x21-\x7e]+$/)]);
      expect(decodeURIComponent(id[0]!)).toBe(sub);
    },
  );

  it.each([undefined, ''])('is not sent when the token names no subject: %j', async (sub) => {
    const headers = { ...bearer({ sub, scope: 'a' }), 'x-user-id': 'root' };
    expect((await gw.fetch('/1', { headers })).status).toBe(200);
    expect(users.requests[0]?.headers).not.toHaveProperty('x-user-id');
    expect(users.requests[0]?.headers).toMatchObject({ 'x-user-scopes': 'a' });
  });

  it('is sent as text when the subject is a number', async () => {
    expect((await told({ sub: 1234567890123 })).id).toEqual(['1234567890123']);
  });

  it('is encoded without collisions', async () => {
    const subjects = ['a b', 'a%20b', 'a%2520b', 'ä', '%C3%A4'];
    const ids = new Set<string | undefined>();
    for (const sub of subjects) {
      users.clear();
      ids.add((await told({ sub })).id[0]);
    }
    expect(ids.size).toBe(subjects.length);
  });

  it('does not fail on a subject that is not valid Unicode', async () => {
    expect((await gw.fetch('/1', { headers: bearer({ sub: 'a\ud800' }) })).status).not.toBe(500);
  });
});

describe('a verified token', () => {
  it('is not forwarded to the upstream', async () => {
    await gw.fetch('/1', { headers: bearer() });
    expect(users.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(users.requests[0]?.rawHeaders.join()).not.toContain(token().split('.')[1]);
  });

  it('is forwarded with `forward: true`', async () => {
    const headers = bearer();
    await gw.fetch('/forwarding', { headers });
    expect(users.requests[0]?.headers).toMatchObject({ ...headers, 'x-user-id': 'alice' });
  });
});
