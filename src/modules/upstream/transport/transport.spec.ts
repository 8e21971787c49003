import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { configOf, listen } from '../../../../test/support/gateway.js';
import { rawUpstream } from '../../../../test/support/raw-upstream.js';
import { until } from '../../../../test/support/until.js';
import { systemClock } from '../../../common/clock.js';
import { UpstreamProxy } from '../upstream-proxy.js';

const UPGRADE = { protocol: 'chat', isAccepted: () => true };
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n';
/** What is no interim response in the bytes of a tunnel. */
const MESSAGE = 'HTTP/1.1 100 Continue\r\n\r\n';

it('passes on the bytes of a tunnel unchanged while the next request waits for its response', async () => {
  let tunnel: Socket | undefined;
  const { server } = rawUpstream(
    (socket) => (tunnel = socket).write(SWITCHED),
    () => tunnel?.write(MESSAGE),
  );
  const config = configOf(`
upstreams: { users: { url: "${await listen(server)}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`);
  const proxy = new UpstreamProxy('users', config.upstreams['users']!, systemClock);
  onTestFinished(() => proxy.close());
  const { socket } = await proxy.send({ method: 'GET', path: '/', upgrade: UPGRADE });
  let received = '';
  socket!.on('data', (chunk: Buffer) => (received += chunk.toString()));
  const next = proxy.get('/').catch(() => undefined);
  await until('the tunnel has brought something', () => received, 3_000);
  expect(received).toBe(MESSAGE);
  socket!.destroy();
  await proxy.close();
  await next;
});

it('ends the connection of a request that is sent after its upstream was removed', async () => {
  let open = 0;
  const server = createServer((_request, response) => void response.end('late'));
  server.keepAliveTimeout = 0;
  server.on('connection', (socket) => {
    open++;
    socket.once('close', () => open--);
  });
  const config = configOf(`
upstreams: { users: { url: "${await listen(server)}", pool: { keepAlive: 1h } } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`);
  const proxy = new UpstreamProxy('users', config.upstreams['users']!, systemClock);
  onTestFinished(() => proxy.close());
  await proxy.drain();
  const response = await proxy.get('/');
  let body = '';
  for await (const chunk of response.readable()) body += String(chunk);
  expect(body).toBe('late');
  await until('its connection is closed', () => open === 0, 5_000);
});
