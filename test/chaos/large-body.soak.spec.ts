import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { Bulk, type Digest, digestOf, MIB } from '../support/bulk.js';
import { listen } from '../support/gateway.js';
import { canMeasureMemory, watchPeak } from '../support/memory.js';
import { type GatewayProcess, spawnGateway } from '../support/process.js';
import { until } from '../support/until.js';

/** More than V8 accumulates in dead buffers before a collection: the peak that later transfers are compared with. */
const WARM_UP = 96 * MIB;
/** Buffering it would exceed that peak by more than is allowed. */
const LARGE = 200 * MIB;
/** Also more than the sockets on both sides of the gateway hold. */
const SLOWLY_READ = 160 * MIB;
const ALLOWED_MIB = 50;
/** A matcher, so that a failure names the framing of the body. */
const LITTLE = expect.toSatisfy((mib: number) => mib < ALLOWED_MIB) as number;

const FRAMINGS = ['with a length', 'chunked'] as const;
type Framing = (typeof FRAMINGS)[number];

describe.skipIf(!canMeasureMemory)('the memory of the gateway', { timeout: 120_000 }, () => {
  it('does not grow with large responses, with a length and chunked', async () => {
    const service = new BulkService();
    const gateway = await start(service);
    const peak = await watchPeak(gateway.process.child.pid);
    await download(gateway, WARM_UP);
    const usual = await peak();

    for (const framing of FRAMINGS) {
      service.framing = framing;
      const received = await download(gateway, LARGE);
      const grownBy = (await peak()) - usual;

      expect(received).toEqual(service.sent?.digest());
      expect(received.bytes).toBe(LARGE);
      expect({ framing, grownBy }).toEqual({ framing, grownBy: LITTLE });
    }
  });

  it('does not grow with large uploads, with a length and chunked', async () => {
    const gateway = await start(new BulkService());
    const peak = await watchPeak(gateway.process.child.pid);
    await upload(gateway, new Bulk(WARM_UP), WARM_UP, 'with a length');
    const usual = await peak();

    for (const framing of FRAMINGS) {
      const bulk = new Bulk(LARGE);
      const received = await upload(gateway, bulk, LARGE, framing);
      const grownBy = (await peak()) - usual;

      expect(received).toEqual(bulk.digest());
      expect(received.bytes).toBe(LARGE);
      expect({ framing, grownBy }).toEqual({ framing, grownBy: LITTLE });
    }
  });

  it('does not buffer what a slow reader has not read', async () => {
    const service = new BulkService();
    const gateway = await start(service);
    const peak = await watchPeak(gateway.process.child.pid);
    await download(gateway, WARM_UP);
    const usual = await peak();

    const { body } = await request(`${gateway.url}/bulk/${SLOWLY_READ}`);
    const sent = () => service.sent?.bytes ?? 0;
    // Nobody reads yet, so the service has to wait once the sockets in between are full.
    await until('the service is made to wait', async () => {
      const before = sent();
      await sleep(500);
      return before > 0 && sent() === before;
    });
    expect(sent()).toBeLessThan(SLOWLY_READ);

    const received = await digestOf(slowly(body));
    const grownBy = (await peak()) - usual;

    expect(received).toEqual(service.sent?.digest());
    expect(received.bytes).toBe(SLOWLY_READ);
    expect(grownBy).toBeLessThan(ALLOWED_MIB);
  });
});

/** Reads a MiB every 20 ms. */
async function* slowly(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let unpaused = 0;
  for await (const chunk of body) {
    yield chunk;
    unpaused += chunk.length;
    if (unpaused < MIB) continue;
    unpaused = 0;
    await sleep(20);
  }
}

/** `GET /bulk/N` answers with N bytes, `POST` with the digest of what was posted. */
class BulkService {
  sent: Bulk | undefined;
  framing: Framing = 'with a length';

  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.method === 'POST') {
      res.end(JSON.stringify(await digestOf(req)));
      return;
    }
    const bytes = Number(req.url?.slice('/bulk/'.length));
    if (this.framing === 'with a length') res.setHeader('content-length', bytes);
    this.sent = new Bulk(bytes);
    await pipeline(this.sent.readable(), res);
  }
}

async function start(service: BulkService): Promise<GatewayProcess> {
  const url = await listen(
    createServer((req, res) => void service.handle(req, res).catch(() => res.destroy())),
  );
  return spawnGateway(`
    server: { host: 127.0.0.1, port: 0, maxBodyBytes: 256MiB }
    management: { port: 0 }
    upstreams: { bulk: { url: "${url}", timeout: 60s } }
    routes: [{ id: bulk, match: { path: /bulk/** }, upstream: bulk }]
  `);
}

async function download({ url }: GatewayProcess, bytes: number): Promise<Digest> {
  const { body } = await request(`${url}/bulk/${bytes}`);
  return digestOf(body);
}

async function upload({ url }: GatewayProcess, bulk: Bulk, bytes: number, framing: Framing): Promise<Digest> {
  const headers = framing === 'with a length' ? { 'content-length': String(bytes) } : {};
  const { body } = await request(`${url}/bulk`, { method: 'POST', body: bulk.readable(), headers });
  return (await body.json()) as Digest;
}
