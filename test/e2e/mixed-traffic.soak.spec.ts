import { createServer, type Server } from 'node:http';
import { readdir, writeFile } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { Baseline, canTakeBaseline, HEAP_NOISE } from '../support/baseline.js';
import { listen } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { Inspector } from '../support/inspector.js';
import { Load } from '../support/load.js';
import { RawConnection } from '../support/raw-connection.js';
import { spawnInspected } from '../support/spawn-inspected.js';
import { until } from '../support/until.js';
import { WebSocketClient, webSocketUpstream } from '../support/websocket.js';

/** How long the traffic goes on in all: `SOAK_MINUTES=60` looks for slower leaks. */
const SECONDS = process.env['SOAK_MINUTES'] ? Number(process.env['SOAK_MINUTES']) * 60 : 25;
/** The first of them fills caches and compiles code. */
const ROUNDS = 5;
const RELOADS_PER_ROUND = 4;

/** A service with a resource that fails, one that streams, and WebSockets. */
function service(): Server {
  const server = createServer((req, res) => {
    if (req.url === '/failing') res.writeHead(500).end();
    else if (req.url === '/events') {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      const timer = setInterval(() => res.write('data: more\n\n'), 50);
      res.once('close', () => clearInterval(timer));
    } else if (req.method === 'POST') req.pipe(res);
    else res.end('well');
  });
  // An open connection that nobody uses would look like a leak.
  server.keepAliveTimeout = 200;
  webSocketUpstream(undefined, { server });
  return server;
}

/** Upstreams and routes come, change and go with the revision. */
const yamlOf = (url: string, revision: number) => `
server: { host: 127.0.0.1, port: 0, maxBodyBytes: ${1 + (revision % 3)}MiB }
management: { port: 0 }
accessLog: { enabled: true, sample: 1% }
defaults: { pool: { keepAlive: 200ms }, breaker: { openFor: 200ms, maxOpenFor: 200ms } }
upstreams:
  steady: { url: "${url}", health: { path: /health, interval: 1s } }
  changing: { url: "${url}", timeout: ${2 + (revision % 5)}s, health: { path: /health, interval: 1s } }
  failing: { url: "${url}", fallback: { response: { status: 503, body: away } } }
  ${revision % 2 ? `temporary: { url: "${url}", health: { path: /health, interval: 1s } }` : ''}
routes:
  - { id: cached, match: { path: /cached/** }, upstream: steady, cache: { ttl: ${1 + (revision % 2)}s } }
  - { id: failing, match: { path: /failing }, upstream: failing }
  - { id: rest, match: { path: /** }, upstream: ${revision % 2 ? 'temporary' : 'changing'}, websocket: true }
`;

/** Opens a stream and a WebSocket, and leaves both as clients do: without a word. */
async function comeAndGo(url: string): Promise<void> {
  const stream = await RawConnection.to(url);
  stream.send(requestHead('GET /events'));
  await stream.until('data: more');
  const client = await WebSocketClient.open(url);
  client.socket.send('hello');
  await until('it is back', () => client.messages.length > 0);
  stream.socket.destroy();
  client.socket.terminate();
}

it.runIf(canTakeBaseline)(
  'keeps nothing of mixed traffic and of reloads',
  { timeout: SECONDS * 1000 + 120_000 },
  async () => {
    const url = await listen(service());
    const gateway = await spawnInspected(yamlOf(url, 0));
    const inspector = await Inspector.to(gateway);
    onTestFinished(() => inspector.close());
    let revision = 1;
    const reload = async (n = revision++) => {
      await writeFile(gateway.file, yamlOf(url, n));
      const response = await fetch(`${gateway.managementUrl}/admin/config/reload`, {
        method: 'POST',
        headers: { connection: 'close', 'X-Breakwater-Action': '1' },
      });
      expect(response.status).toBe(200);
    };
    const round = async () => {
      const end = performance.now() + (SECONDS * 1000) / ROUNDS;
      const paths = ['cached/1', 'plain', 'failing', 'echo'];
      const loads = paths.map(
        (path) =>
          new Load(`${gateway.url}/${path}`, {
            clients: 3,
            pace: 5,
            ...(path === 'echo' && { body: 'text' }),
          }),
      );
      const tallies = loads.map((load) => load.fromNow());
      const pause = (SECONDS * 1000) / ROUNDS / RELOADS_PER_ROUND;
      for (let next = performance.now(); performance.now() < end;) {
        await comeAndGo(gateway.url);
        if (performance.now() < next) continue;
        await reload();
        next += pause;
      }
      await Promise.all(loads.map((load) => load.stop()));
      // Each round ends with the same configuration.
      await reload(0);
      expect(tallies.map(({ answers }) => answers.toSorted())).toEqual([
        ['200 well'],
        ['200 well'],
        ['500 ', '503 away'],
        ['200 text'],
      ]);
    };
    const baseline = await Baseline.of(gateway);
    const heldBy = async () => ({
      timers: await inspector.timers(),
      files: (await readdir(`/proc/${gateway.process.child.pid}/fd`)).length,
    });
    await round();
    await baseline.holds();
    const before = await heldBy();
    const heap = await inspector.heapMiB();
    for (let i = 1; i < ROUNDS; i++) await round();
    await baseline.holds();
    expect(await inspector.heapMiB(heap + HEAP_NOISE)).toBeLessThan(heap + HEAP_NOISE);
    await until(
      'the same timers and files',
      async () => JSON.stringify(await heldBy()) === JSON.stringify(before),
    );
    expect(await baseline.requestsAlive()).toBe(0);
  },
);
