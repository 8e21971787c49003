import { afterEach, expect, it, vi } from 'vitest';
import { hashApiKey } from '../../src/modules/auth/api-keys.js';
import { JwtAuthGuard } from '../../src/modules/auth/jwt-auth.guard.js';
import { RouteGuard } from '../../src/modules/routing/route.guard.js';
import { gateway } from '../support/gateway.js';

const YAML = `
auth: { partners: { apiKeys: [{ id: acme, hash: "${hashApiKey('key-of-acme')}" }], query: api_key } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: plain, match: { path: /plain }, upstream: users }
  - { id: cached, match: { path: /cached }, upstream: users, cache: { ttl: 1m } }
`;

afterEach(() => vi.restoreAllMocks());

it.each(['plain', 'cached'])('runs each guard once for a request to a %s route', async (route) => {
  const gw = await gateway(YAML)
    .withUpstream('users', (_req, res) => void res.end('hi'))
    .start();
  const guards = [RouteGuard, JwtAuthGuard].map((guard) => vi.spyOn(guard.prototype, 'canActivate'));
  const response = await gw.fetch(`/${route}?api_key=key-of-acme`);
  // The guard takes the key out of the query, so that a second run would not find it.
  expect(response.status).toBe(200);
  expect(guards.map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
});
