import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { SECRET } from '../support/tokens.js';

const yaml = (maintenance: string) => `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}", breaker: { consecutiveFailures: 1 }, fallback: { response: { status: 200 } } } }
routes:
  - { id: users, match: { path: /users }, upstream: users, auth: none, cache: { ttl: 1h }, maintenance: ${maintenance} }
  - { id: private, match: { path: /private }, upstream: users, maintenance: ${maintenance} }
  - { id: other, match: { path: /other }, upstream: users, auth: none }
`;

const start = async (maintenance: string) => {
  const users = recording((_req, res) => void res.end('hello'));
  return { users, gw: await gateway(yaml(maintenance)).withUpstream('users', users.handler).start() };
};

it('a route under maintenance answers 503 without calling its upstream or checking tokens', async () => {
  const { users, gw } = await start("{ retryAfter: 90s, message: 'Back at noon' }");
  for (const path of ['/users', '/private']) {
    const response = await gw.fetch(path, { method: 'POST', body: 'x' });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '90']);
    expect(await response.json()).toMatchObject({ code: 'maintenance', detail: 'Back at noon' });
  }
  expect(users.requests).toEqual([]);
  expect((await gw.fetch('/other')).status).toBe(200);
  const labels = 'method="POST",status="503",outcome="maintenance"';
  expect(await gw.metric(`breakwater_requests_total{route="users",${labels}}`)).toBe(1);
  expect(await gw.metric('breakwater_upstream_requests_total{upstream="users",outcome="success"}')).toBe(1);
  expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(0);
});

it('`maintenance: true` answers 503 with the default Retry-After', async () => {
  const { gw } = await start('true');
  const response = await gw.fetch('/users');
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '60']);
  expect(await response.json()).not.toHaveProperty('detail');
});

it('maintenance begins and ends with a reload, and stored responses outlive it', async () => {
  const { users, gw } = await start('false');
  const status = async () => (await gw.fetch('/users')).status;
  expect(await status()).toBe(200);
  await gw.reload(yaml('true'));
  expect(await status()).toBe(503);
  await gw.reload(yaml('false'));
  expect(await status()).toBe(200);
  expect(users.requests).toHaveLength(1);
});
