import { pipeline } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

const YAML = `
server: { sendTimeout: 300ms }
cache: { maxBytes: 256MiB, maxEntryBytes: 128MiB }
upstreams: { files: { url: "\${FILES_URL}", bulkhead: { concurrent: 1, queue: 0, streams: 1 } } }
routes:
  - { id: stored, match: { path: /stored }, upstream: files, cache: { ttl: 1m } }
  - { id: files, match: { path: /** }, upstream: files }
`;
/** More bytes than the buffers between two processes hold. */
const LARGE = 32 * 1024 * 1024;
const PIECE = Buffer.alloc(256 * 1024, 'x');

function* large() {
  for (let sent = 0; sent < LARGE; sent += PIECE.length) yield PIECE;
}

async function start() {
  return gateway(YAML)
    .withUpstream('files', (req, res) => {
      if (req.url === '/small') res.end('small');
      else pipeline(large(), res.writeHead(200, { 'content-length': LARGE }), () => undefined);
    })
    .start();
}

/** Opens a client that sends a request and reads nothing. */
async function deaf(url: string, path: string): Promise<RawConnection> {
  const client = await RawConnection.to(url);
  client.socket.pause();
  return client.send(requestHead(`GET ${path}`));
}

describe('a client that never reads its response', () => {
  it('is disconnected and frees its place in the bulkhead', async () => {
    const gw = await start();
    const streams = () => gw.metric('breakwater_bulkhead_streams{upstream="files"}');
    await deaf(gw.url, '/1');
    await until('the first has the only stream place', async () => (await streams()) === 1);
    await deaf(gw.url, '/2');
    await until('the bulkhead is full', async () => (await gw.fetch('/small')).status === 503);
    await until('it is free again', async () => (await gw.fetch('/small')).status === 200);
    const calls = (outcome: string) =>
      gw.metric(`breakwater_upstream_requests_total{upstream="files",outcome="${outcome}"}`);
    await until('both are counted', async () => (await calls('client_gone')) === 2);
    expect(await gw.metric('breakwater_breaker_state{upstream="files"}')).toBe(0);
  });

  it('is disconnected when the response comes from the cache', async () => {
    const gw = await start();
    const first = await raw(gw.url, requestHead('GET /stored', 'Connection: close'));
    expect(first.length).toBeGreaterThan(LARGE);
    await deaf(gw.url, '/stored');
    const closed = 'breakwater_requests_total{route="stored",method="GET",status="200",outcome="cache_hit"}';
    await until('its connection is closed', () => gw.metric(closed));
  });
});
