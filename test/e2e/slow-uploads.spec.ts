import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { rawUpstream } from '../support/raw-upstream.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

/** One failure would open the breaker. */
const YAML = `
server: { headersTimeout: 500ms, requestTimeout: 1s }
upstreams: { files: { url: "\${FILES_URL}", timeout: 200ms, breaker: { consecutiveFailures: 1 } } }
routes: [{ id: files, match: { path: /** }, upstream: files }]
`;

async function start() {
  const files = recording((req, res) => void req.resume().on('end', () => res.end('stored')));
  return { files, gw: await gateway(YAML).withUpstream('files', files.handler).start() };
}

// The body of a PUT is buffered first, so that it can be sent again.
describe.each(['POST', 'PUT'])('a client that uploads slowly (%s)', (method) => {
  it('does not use up the timeout of the upstream', async () => {
    const { gw, files } = await start();
    const client = await RawConnection.to(gw.url);
    client.send(requestHead(`${method} /`, 'Content-Length: 8', 'Connection: close'));
    let sent = 0;
    const sending = setInterval(() => {
      if (++sent === 8) clearInterval(sending);
      client.send('x');
    }, 60);
    await client.ended();
    expect(answersIn(client.received)).toMatchObject([{ status: 200, body: 'stored' }]);
    expect(files.requests).toHaveLength(1);
  });

  it('causes no failure vote when it stops', async () => {
    const { gw, files } = await start();
    const client = await RawConnection.to(gw.url);
    client.send(`${requestHead(`${method} /`, 'Content-Length: 8')}half`);
    if (method === 'POST') await until('the request is with the upstream', () => files.requests.length);
    await client.ended();
    expect(answersIn(client.received)).toMatchObject([{ status: 408 }]);
    expect(await gw.metric('breakwater_breaker_state{upstream="files"}')).toBe(0);
    expect((await gw.fetch('/', { method, body: 'whole' })).status).toBe(200);
  });
});

it('an upload that is still being buffered takes no place in the bulkhead', async () => {
  const files = recording((_req, res) => res.end('stored'));
  const yaml = YAML.replace('timeout: 200ms', 'bulkhead: { concurrent: 1, queue: 0 }');
  const gw = await gateway(yaml).withUpstream('files', files.handler).start();
  const slow = await RawConnection.to(gw.url);
  slow.send(`${requestHead('GET /')}${requestHead('PUT /', 'Content-Length: 8')}1234`);
  await until('the first is answered', () => slow.received.includes('stored'));
  expect((await gw.fetch('/')).status).toBe(200);
  slow.send('5678');
  await until('the upload is with the upstream', () => files.requests.length === 3);
});

it('an upstream that gives up a slow upload gets no failure vote', async () => {
  const yaml = YAML.replace('server: { headersTimeout: 500ms, requestTimeout: 1s }', '');
  const cutLate = (socket: Socket) => void setTimeout(() => socket.destroy(), 1_100);
  const gw = await gateway(yaml).withUpstream('files', rawUpstream(cutLate).server).start();
  const client = await RawConnection.to(gw.url);
  client.send(`${requestHead('POST /', 'Content-Length: 8')}half`);
  await client.until('upstream_reset');
  expect(await gw.metric('breakwater_upstream_requests_total{upstream="files",outcome="stalled"}')).toBe(1);
  expect(await gw.metric('breakwater_breaker_state{upstream="files"}')).toBe(0);
  client.socket.destroy();
});
