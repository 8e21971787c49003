import { createSecureServer } from 'node:http2';
import { expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { listen } from '../support/gateway.js';
import { spawnNode } from '../support/process.js';

// When this fails, bodies may go over HTTP/2: see `isSafeOverHttp2`.
it('an HTTP/2 connection still hangs the process when requests with a body are given up', async () => {
  const pair = Authority.create().issue('IP:127.0.0.1');
  const server = createSecureServer(pair, (req, res) => {
    req.on('error', () => undefined);
    res.on('error', () => undefined);
    req.resume().once('end', () => res.end('ok'));
  });
  server.on('sessionError', () => undefined);
  const url = (await listen(server)).replace('http:', 'https:');
  const client = spawnNode(['test/support/http2-leavers.mjs', url]);
  await client.exited;
  expect(client.lines).toEqual(['stuck']);
});
