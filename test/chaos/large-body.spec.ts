import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { Bulk, type Digest, digestOf, MIB } from '../support/bulk.js';
import { listen } from '../support/gateway.js';
import { canMeasureMemory, watchMemory } from '../support/memory.js';
import { type GatewayProcess, spawnGateway } from '../support/process.js';
import { until } from '../support/until.js';

const WARM_UP = 32 * MIB;
const LARGE = 200 * MIB;
const ALLOWED_MIB = 50;

type Framing = 'with a length' | 'chunked';

describe.skipIf(!canMeasureMemory)('the memory of the gateway', { timeout: 120_000 }, () => {
  it.each<Framing>(['with a length', 'chunked'])('hardly grows by a large response %s', async (framing) => {
    const service = new BulkService(framing);
    const gateway = await start(service);
    await download(gateway, WARM_UP);

    const growth = await watchMemory(gateway.process.child.pid);
    const received = await download(gateway, LARGE);
    const grownBy = await growth();
    console.log(`response ${framing}: +${grownBy.toFixed(1)} MiB`);

    expect(received).toEqual(service.sent?.digest());
    expect(received.bytes).toBe(LARGE);
    expect(grownBy).toBeLessThan(ALLOWED_MIB);
  });

  it.each<Framing>(['with a length', 'chunked'])('hardly grows by a large upload %s', async (framing) => {
    const gateway = await start(new BulkService(framing));
    await upload(gateway, new Bulk(WARM_UP), WARM_UP, framing);

    const growth = await watchMemory(gateway.process.child.pid);
    const bulk = new Bulk(LARGE);
    const received = await upload(gateway, bulk, LARGE, framing);
    const grownBy = await growth();
    console.log(`upload ${framing}: +${grownBy.toFixed(1)} MiB`);

    expect(received).toEqual(bulk.digest());
    expect(received.bytes).toBe(LARGE);
    expect(grownBy).toBeLessThan(ALLOWED_MIB);
  });

  it('does not hold what a slow reader has not read', async () => {
    const service = new BulkService('with a length');
    const gateway = await start(service);
    await download(gateway, WARM_UP);

    const growth = await watchMemory(gateway.process.child.pid);
    const { body } = await request(`${gateway.url}/bulk/${LARGE}`);
    const sent = () => service.sent?.bytes ?? 0;
    // Nobody reads: the service must be made to wait, and not for the lack of memory.
    let held = -1;
    await until('the service waits', async () => {
      const before = sent();
      await sleep(500);
      held = sent();
      return held > 0 && held === before;
    });
    console.log(`held back: ${held / MIB} MiB sent`);
    expect(held).toBeLessThan(ALLOWED_MIB * MIB);

    // Then slowly: some seconds for a part, and the rest at once.
    const received = await digestOf(slowly(body as AsyncIterable<Buffer>, 48 * MIB));
    const grownBy = await growth();
    console.log(`slow reader: +${grownBy.toFixed(1)} MiB`);
    expect(received).toEqual(service.sent?.digest());
    expect(grownBy).toBeLessThan(ALLOWED_MIB);
  });
});

/** At about 16 MiB/s for the first bytes. */
async function* slowly(body: AsyncIterable<Buffer>, slowBytes: number): AsyncGenerator<Buffer> {
  let read = 0;
  let paused = 0;
  for await (const chunk of body) {
    yield chunk;
    read += chunk.length;
    if (read < slowBytes && read - paused > MIB) {
      paused = read;
      await sleep(60);
    }
  }
}

/** `GET /bulk/N` answers with N bytes, `POST` with the digest of what was posted. */
class BulkService {
  sent: Bulk | undefined;

  constructor(private readonly framing: Framing) {}

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
  const url = await listen(createServer((req, res) => void service.handle(req, res).catch(() => res.destroy())));
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
