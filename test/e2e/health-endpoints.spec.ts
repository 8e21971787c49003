import { describe, expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';
import { SECRET } from '../support/tokens.js';

/** Every route goes to an upstream that is down, and only `/open` needs no token. */
const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}", breaker: { consecutiveFailures: 1 } } }
routes:
  - { id: all, match: { path: /** }, upstream: users }
  - { id: open, match: { path: /open }, upstream: users, auth: none }
`;

const start = async () =>
  gateway(YAML)
    .withEnv({ USERS_URL: await closedPort() })
    .start();

describe('the health endpoints', () => {
  it.each(['/health', '/health/live', '/health/ready'])(
    'answer on both ports without a token: %s',
    async (path) => {
      const gw = await start();
      for (const response of [await gw.fetch(path), await gw.management(path)]) {
        expect(response.status).toBe(200);
        expect(await response.json()).toMatchObject({ status: 'ok' });
      }
    },
  );

  it.each(['/health/live', '/health/ready'])('stay 200 while an upstream is down: %s', async (path) => {
    const gw = await start();
    expect((await gw.fetch('/open')).status).toBe(502);
    expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(2);
    expect((await gw.fetch(path)).status).toBe(200);
    expect((await gw.management(path)).status).toBe(200);
  });

  it('report `degraded` with 200 and no address while an upstream fails', async () => {
    const url = await closedPort();
    const gw = await gateway(YAML).withEnv({ USERS_URL: url }).start();
    await gw.fetch('/open');
    const response = await gw.management('/health');
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ status: 'degraded', details: { users: { breaker: 'open' } } });
    expect(text).not.toContain(new URL(url).port);
    expect(text).not.toContain('127.0.0.1');
  });

  it('show clients only the status, unless `server.healthDetails` is true', async () => {
    const env = { USERS_URL: await closedPort() };
    const health = async (yaml: string) => {
      const gw = await gateway(yaml).withEnv(env).start();
      await gw.fetch('/open');
      const response = await gw.fetch('/health');
      return [response.status, await response.json()];
    };
    expect(await health(YAML)).toEqual([200, { status: 'degraded' }]);
    expect(await health(`server: { healthDetails: true }${YAML}`)).toEqual([
      200,
      expect.objectContaining({ details: { users: expect.objectContaining({ breaker: 'open' }) } }),
    ]);
  });

  it.each(['/HEALTH', '/Health/Ready', '/health/'])('answer at no other path: %s', async (path) => {
    const gw = await start();
    expect((await gw.fetch(path)).status).toBe(401);
    expect((await gw.management(path)).status).toBe(404);
  });

  it('forbid caching', async () => {
    const gw = await start();
    expect((await gw.fetch('/health')).headers.get('cache-control')).toContain('no-cache');
    expect((await gw.fetch('/health/ready')).headers.get('cache-control')).toContain('no-cache');
  });
});
