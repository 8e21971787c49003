import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { fieldsOf, recording } from '../support/recording.js';
import { inSeconds, SECRET, token } from '../support/tokens.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: users, match: { path: /users }, upstream: users }
  - { id: named, match: { path: /named }, upstream: users, auth: { provider: main } }
`;

async function start() {
  const users = recording();
  const gw = await gateway(YAML).withUpstream('users', users.handler).start();
  /** Sends requests over one connection, as a proxy in front does for its clients. */
  const send = async (...requests: readonly (readonly [path: string, token?: string])[]) => {
    const heads = requests.map(([path, text], index) =>
      requestHead(
        `GET ${path}`,
        ...(text === undefined ? [] : [`Authorization: Bearer ${text}`]),
        ...(index === requests.length - 1 ? ['Connection: close'] : []),
      ),
    );
    return answersIn(await raw(gw.url, heads.join(''))).map(({ status }) => status);
  };
  const seen = () => users.requests.flatMap((request) => fieldsOf(request, 'x-user-id'));
  return { gw, send, seen };
}

describe('a connection shared by many users', () => {
  it('authenticates each request by its own token', async () => {
    const { send, seen } = await start();
    const [alice, bob] = ['alice', 'bob'].map((sub) => token({ sub })) as [string, string];
    const forged = `${alice.slice(0, alice.lastIndexOf('.'))}.${bob.slice(bob.lastIndexOf('.') + 1)}`;
    const statuses = await send(
      ['/users', alice],
      ['/users', bob],
      ['/users'],
      ['/users', alice],
      ['/users', forged],
      ['/named', bob],
      ['/users', `${alice}x`],
      ['/named', alice],
      ['/users', bob.slice(0, -1)],
      ['/users', token({ sub: 'alice', exp: inSeconds(-90) })],
      ['/users', bob],
    );
    expect(statuses).toEqual([200, 200, 401, 200, 401, 200, 401, 200, 401, 401, 200]);
    expect(seen()).toEqual(['alice', 'bob', 'alice', 'bob', 'alice', 'bob']);
  });

  it('rejects a revoked token between accepted ones', async () => {
    const { gw, send } = await start();
    const [alice, bob] = ['alice', 'bob'].map((sub) => token({ sub, jti: `of-${sub}` })) as [string, string];
    expect(await send(['/users', alice], ['/named', alice], ['/users', bob])).toEqual([200, 200, 200]);
    const revoke = `${gw.gateway.managementUrl}/admin/tokens/revoke?jti=of-alice&exp=${inSeconds(3600)}`;
    expect((await fetch(revoke, { method: 'POST', headers: { 'X-Breakwater-Action': '1' } })).status).toBe(
      200,
    );
    expect(await send(['/users', alice], ['/named', alice], ['/users', bob], ['/users', alice])).toEqual([
      401, 401, 200, 401,
    ]);
  });
});
