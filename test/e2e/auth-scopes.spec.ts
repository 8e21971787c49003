import { beforeEach, describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { metric } from '../support/metrics.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';

const YAML = `
auth:
  main: { secret: "${SECRET}", algorithms: [HS256], issuer: main }
  partner: { secret: "${SECRET}", algorithms: [HS256], issuer: partner }
  other: { secret: "${SECRET}", algorithms: [HS256], issuer: other }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: any, match: { path: /any }, upstream: users }
  - { id: scopes, match: { path: /scopes }, upstream: users, auth: { scopes: ["users:read", "users:list"] } }
  - id: claims
    match: { path: /claims }
    upstream: users
    auth: { claims: { tenant: acme, role: [admin, owner], groups: { contains: staff } } }
  - { id: two, match: { path: /two }, upstream: users, auth: { provider: [main, partner] } }
  - { id: optional, match: { path: /optional }, upstream: users, auth: { scopes: [a], optional: true } }
`;

const users = recording();
const gw = gateway(YAML).withUpstream('users', users.handler).startOnce();
beforeEach(users.clear);
const ask = (path: string, claims?: Record<string, unknown>) =>
  gw.fetch(path, { headers: claims && bearer({ iss: 'main', ...claims }) });

describe('a route with scopes', () => {
  it('accepts a token with all of them', async () => {
    expect((await ask('/scopes', { scope: 'users:list users:read x' })).status).toBe(200);
    expect((await ask('/scopes', { scp: ['users:read', 'users:list'] })).status).toBe(200);
  });

  it.each([
    { scope: 'users:read' },
    { scope: 'users:read,users:list' },
    {},
    { scope: ['users:read', 'users:list'].join('\t') },
  ])('answers 403 and names the missing scopes for %j', async (claims) => {
    const response = await ask('/scopes', claims);
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toMatch(
      /^Bearer realm="[^"]+", error="insufficient_scope", error_description="[^"]+", scope="users:read users:list"$/,
    );
    expect(await response.json()).toMatchObject({ code: 'insufficient_scope', status: 403 });
    expect(users.requests).toHaveLength(0);
  });

  it('requires them of a token that another route accepted', async () => {
    expect((await ask('/any', { scope: 'users:read' })).status).toBe(200);
    expect((await ask('/scopes', { scope: 'users:read' })).status).toBe(403);
  });

  it('requires them only of requests with a token where it is optional', async () => {
    expect((await ask('/optional')).status).toBe(200);
    expect((await ask('/optional', {})).status).toBe(403);
    expect((await ask('/optional', { scope: 'a' })).status).toBe(200);
  });
});

describe('a route with claims', () => {
  const RIGHT = { tenant: 'acme', role: 'owner', groups: ['x', 'staff'] };

  it('accepts only a token with all of them', async () => {
    expect((await ask('/claims', RIGHT)).status).toBe(200);
    for (const wrong of [{ tenant: 'acme2' }, { role: 'user' }, { groups: ['x'] }, { groups: undefined }]) {
      const response = await ask('/claims', { ...RIGHT, ...wrong });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: 'insufficient_claims' });
    }
    expect(users.requests).toHaveLength(1);
  });
});

describe('a route with several providers', () => {
  it('accepts tokens of each of them and of no other', async () => {
    expect((await ask('/two', {})).status).toBe(200);
    expect((await ask('/two', { iss: 'partner' })).status).toBe(200);
    expect((await ask('/two', { iss: 'other' })).status).toBe(401);
    expect((await ask('/any', { iss: 'other' })).status).toBe(200);
  });
});

it('counts rejected requests by reason', async () => {
  const reasons = ['missing', 'expired', 'insufficient_scope', 'signature'];
  const counts = () =>
    Promise.all(
      reasons.map((reason) => metric(gw.gateway.managementUrl, 'breakwater_auth_failures_total', { reason })),
    );
  const before = await counts();
  await ask('/any');
  await ask('/any', { exp: 1 });
  await ask('/scopes', {});
  await ask('/scopes', {});
  const grownBy = (await counts()).map((count, i) => count - (before[i] ?? 0));
  expect(grownBy).toEqual([1, 1, 2, 0]);
});
