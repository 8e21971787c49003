import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { until } from '../../support/until.js';
import { runHelper } from './helper.js';

it('opens connections from several addresses, and says at its end how many are still open', async () => {
  const sockets = new Set<Socket>();
  const server = createServer((_req, res) => res.end('ok')).on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const clients = runHelper('idle-connections.mjs', {
    url: `http://127.0.0.1:${port}/orders`,
    headers: {},
    count: 120,
  });

  expect(await clients.json(() => true)).toEqual({ open: 120, failed: 0 });
  expect(new Set([...sockets].map(({ remoteAddress }) => remoteAddress)).size).toBe(
    process.platform === 'linux' ? 50 : 1,
  );

  for (const socket of [...sockets].slice(0, 20)) socket.destroy();
  await until('the sockets are closed', () => sockets.size === 100);
  clients.child.stdin?.end();
  await clients.exited;
  expect(JSON.parse(clients.lines.at(-1)!)).toEqual({ open: 100, failed: 0 });
});
