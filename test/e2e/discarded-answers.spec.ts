import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';

const CHUNK = Buffer.alloc(64 * 1024, 'x');

/** Writes a response that never ends. */
function pour(res: ServerResponse): void {
  while (!res.closed && res.write(CHUNK));
  if (!res.closed) res.once('drain', () => pour(res));
}

it.each([
  ['of unknown length', (res: ServerResponse) => pour(res.writeHead(503))],
  ['that is long', (res: ServerResponse) => pour(res.writeHead(503, { 'content-length': 2 ** 40 }))],
  ['that stalls', (res: ServerResponse) => void res.writeHead(503).write('a few bytes')],
])('frees the connection of a retried response %s', async (_, fail) => {
  const closed: Promise<void>[] = [];
  const gw = await gateway(`
upstreams:
  users: { url: "\${USERS_URL}", timeout: 5s, pool: { connections: 1 }, retry: { backoff: { base: 1ms, max: 1ms } } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`)
    .withUpstream('users', (_req, res) => {
      if (closed.length > 0) {
        res.end('answer 2');
        return;
      }
      closed.push(new Promise((resolve) => res.once('close', resolve)));
      fail(res);
    })
    .start();
  const response = await gw.fetch('/x');
  expect([response.status, await response.text()]).toEqual([200, 'answer 2']);
  await Promise.all(closed);
});
