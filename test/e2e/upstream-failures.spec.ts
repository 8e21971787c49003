import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway, listen } from '../support/gateway.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { type RawAnswer, rawUpstream, thenClose } from '../support/raw-upstream.js';
import { recording } from '../support/recording.js';

const SHORT_TIMEOUT = `
upstreams: { users: { url: "\${USERS_URL}", timeout: 200ms } }
routes:
  - { id: users, match: { path: /** }, upstream: users }
  - { id: quick, match: { path: /quick }, upstream: users, timeout: 50ms }
  - { id: patient, match: { path: /patient }, upstream: users, timeout: 5s }
`;

const RESETS: Record<string, RawAnswer> = {
  'resets the connection': (socket) => socket.resetAndDestroy(),
  'closes the connection': (socket) => socket.end(),
  'closes it after half a head': thenClose('HTTP/1.1 200 OK\r\nContent-'),
  'closes it after an interim answer': thenClose('HTTP/1.1 103 Early Hints\r\n\r\n'),
};

describe('the gateway', () => {
  it('answers 502 when the upstream refuses connections', async () => {
    const gw = await gateway(ONE_ROUTE)
      .withEnv({ USERS_URL: await closedPort() })
      .start();
    const response = await gw.fetch('/1');
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: 'upstream_unreachable', upstream: 'users' });
  });

  it('answers 502 when the name of the upstream does not resolve', async () => {
    const gw = await gateway(ONE_ROUTE).withEnv({ USERS_URL: 'http://no-such-host.invalid' }).start();
    const response = await gw.fetch('/1');
    expect(response.status).toBe(502);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ code: 'upstream_unreachable' });
    expect(text).not.toContain('invalid');
  });

  it('answers 502 when the upstream does not speak TLS', async () => {
    const plain = createServer((socket) => void socket.resume().end('no TLS here'));
    const url = (await listen(plain)).replace('http:', 'https:');
    const gw = await gateway(ONE_ROUTE).withEnv({ USERS_URL: url }).start();
    const response = await gw.fetch('/1');
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: 'upstream_unreachable' });
  });

  it.each(Object.entries(RESETS))(
    'answers 502 when the upstream %s before its response',
    async (_, answer) => {
      const users = rawUpstream(answer);
      const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
      const response = await gw.fetch('/1');
      expect(response.status).toBe(502);
      expect(await response.json()).toMatchObject({ code: 'upstream_reset', upstream: 'users' });
    },
  );

  it.each([
    ['of the upstream', '/1', 200],
    ['of the route', '/quick', 50],
  ])('answers 504 at the timeout %s when the upstream never responds', async (_, path, timeout) => {
    const users = recording(() => undefined);
    const gw = await gateway(SHORT_TIMEOUT).withUpstream('users', users.handler).start();
    const startedAt = performance.now();
    const response = await gw.fetch(path);
    expect(performance.now() - startedAt).toBeGreaterThan(timeout - 20);
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: 'upstream_timeout', upstream: 'users' });
    expect(users.requests).toHaveLength(1);
  });

  it('waits as long as the timeout of the route', async () => {
    const users = recording((_req, res) => void setTimeout(() => res.end('late'), 400));
    const gw = await gateway(SHORT_TIMEOUT).withUpstream('users', users.handler).start();
    expect((await gw.fetch('/1')).status).toBe(504);
    expect(await (await gw.fetch('/patient')).text()).toBe('late');
  });

  it('serves other upstreams while one fails', async () => {
    const gw = await gateway(`
upstreams: { users: { url: "\${USERS_URL}" }, orders: { url: "\${ORDERS_URL}" } }
routes:
  - { id: users, match: { path: /users }, upstream: users }
  - { id: orders, match: { path: /orders }, upstream: orders }
`)
      .withEnv({ USERS_URL: await closedPort() })
      .withUpstream('orders', (_req, res) => void res.end('fine'))
      .start();
    const [users, orders] = await Promise.all([gw.fetch('/users'), gw.fetch('/orders')]);
    expect([users.status, orders.status]).toEqual([502, 200]);
  });
});
