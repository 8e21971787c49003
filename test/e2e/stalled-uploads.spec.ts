import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { gateway } from '../support/gateway.js';
import { rawUpstream } from '../support/raw-upstream.js';

const YAML = `
server: { headersTimeout: 3s, requestTimeout: 4s }
upstreams: { files: { url: "\${FILES_URL}", timeout: 300ms, breaker: { consecutiveFailures: 1 } } }
routes: [{ id: files, match: { path: /** }, upstream: files }]
`;
/** More bytes than all sockets between the client and the upstream buffer. */
const BYTES = 9 * 1024 * 1024;

it('an upstream that stops reading an upload gets a 504 at the deadline', async () => {
  const frozen: Socket[] = [];
  const files = rawUpstream((socket) => void frozen.push(socket.pause()));
  const gw = await gateway(YAML).withUpstream('files', files.server).start();
  onTestFinished(() => frozen.forEach((socket) => socket.destroy()));
  const sent = request(gw.url, { method: 'PUT', headers: { 'Content-Length': BYTES } });
  // The gateway may close the connection before it has read the rest.
  sent.on('error', () => undefined).end(Buffer.alloc(BYTES));
  const [response] = await once(sent, 'response');
  expect(response.statusCode).toBe(504);
  expect(await gw.metric('breakwater_breaker_state{upstream="files"}')).toBe(2);
});
