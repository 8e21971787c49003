import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

const YAML = `
server: { maxBodyBytes: 1GiB }
upstreams: { files: { url: "\${FILES_URL}", bodyTimeout: 400ms } }
routes: [{ id: files, match: { path: /** }, upstream: files }]
`;
const TOTAL = 96 * 1024 * 1024;
const PIECE = Buffer.alloc(256 * 1024, 'x');

/** Writes as fast as the other side reads. */
class Source {
  written = 0;

  async fill(target: Writable): Promise<void> {
    while (this.written < TOTAL) {
      this.written += PIECE.length;
      if (!target.write(PIECE)) await once(target, 'drain');
    }
  }

  /** @returns the bytes written once nothing moves any more */
  async standsStill(): Promise<number> {
    let last = { written: -1, since: 0 };
    await until('the source stands still', () => {
      if (this.written !== last.written) last = { written: this.written, since: performance.now() };
      return performance.now() - last.since > 800;
    });
    return this.written;
  }
}

describe('a slow reader', () => {
  it('slows the upstream down without buffering in the gateway and without a bodyTimeout', async () => {
    const source = new Source();
    const gw = await gateway(YAML)
      .withUpstream('files', (_req, res) => {
        res.writeHead(200, { 'content-length': TOTAL });
        void source.fill(res).then(() => res.end());
      })
      .start();
    const client = await RawConnection.to(gw.url);
    client.socket.pause();
    client.socket.removeAllListeners('data');
    let read = 0;
    client.send(requestHead('GET /', 'Connection: close'));
    expect(await source.standsStill()).toBeLessThan(TOTAL / 2);

    client.socket.on('data', (chunk: Buffer) => (read += chunk.length)).resume();
    await client.ended();
    expect(read).toBeGreaterThan(TOTAL);
    expect(read).toBeLessThan(TOTAL + 10_000);
  });
});

describe('a slow upstream', () => {
  it('slows the client down', async () => {
    const source = new Source();
    let upload: IncomingMessage | undefined;
    let read = 0;
    const gw = await gateway(YAML.replace('url:', 'timeout: 30s, url:'))
      .withUpstream('files', (req, res) => {
        upload = req;
        req.on('end', () => res.end('stored'));
      })
      .start();
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('PUT /', `Content-Length: ${TOTAL}`, 'Connection: close'));
    void source.fill(client.socket);
    expect(await source.standsStill()).toBeLessThan(TOTAL / 2);

    upload?.on('data', (chunk: Buffer) => (read += chunk.length));
    await client.ended();
    expect(read).toBe(TOTAL);
    expect(client.received).toContain('stored');
  });
});
