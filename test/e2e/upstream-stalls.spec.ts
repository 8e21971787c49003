import { createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { gateway, listen } from '../support/gateway.js';
import { type RawAnswer, rawUpstream } from '../support/raw-upstream.js';
import { until } from '../support/until.js';

const YAML = `
upstreams:
  users: { url: "\${USERS_URL}", timeout: 300ms, retry: { attempts: 0 } }
  orders: { url: "\${ORDERS_URL}" }
routes:
  - { id: users, match: { path: /users }, upstream: users }
  - { id: orders, match: { path: /orders }, upstream: orders }
`;

/** Sends a piece every few milliseconds until the connection closes. */
function dripping(first: string, piece: string): RawAnswer {
  return (socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(piece), 20);
    socket.once('close', () => clearInterval(timer));
  };
}

const STALLS: Record<string, RawAnswer> = {
  'accepts and never answers': () => undefined,
  'sends its status byte by byte': dripping('HTTP/1.1 200 ', 'O'),
  'sends headers for ever, one at a time': dripping('HTTP/1.1 200 OK\r\n', 'X: y\r\n'),
  'sends interim answers for ever': dripping('', 'HTTP/1.1 103 Early Hints\r\n\r\n'),
};

describe('the gateway', () => {
  it.each(Object.entries(STALLS))(
    'answers 504 and closes the connection when the upstream %s',
    async (_, answer) => {
      const users = rawUpstream(answer);
      const sockets = new Set<Socket>();
      users.server.on('connection', (socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
      const gw = await gateway(YAML)
        .withUpstream('users', users.server)
        .withUpstream('orders', (_req, res) => res.end('fine'))
        .start();
      const pending = gw.fetch('/users');
      expect(await (await gw.fetch('/orders')).text()).toBe('fine');
      expect((await pending).status).toBe(504);
      await until('its connection to be closed', () => sockets.size === 0);
      expect(await gw.metric('breakwater_bulkhead_in_flight{upstream="users"}')).toBe(0);
    },
  );

  it('answers 502 after connectTimeout when the TLS handshake stalls', async () => {
    const mute = createServer((socket) => void socket.on('error', () => undefined).resume());
    const url = (await listen(mute)).replace('http:', 'https:');
    const gw = await gateway(YAML.replace('timeout: 300ms', 'timeout: 20s, connectTimeout: 100ms'))
      .withEnv({ USERS_URL: url })
      .withUpstream('orders', (_req, res) => res.end('fine'))
      .start();
    const response = await gw.fetch('/users');
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      502,
      'upstream_unreachable',
    ]);
  });
});
