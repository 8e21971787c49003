import { createServer, type RequestListener } from 'node:http';
import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { ask } from '../support/http.js';
import { Load } from '../support/load.js';
import { spawnGateway } from '../support/process.js';

const RELOADS = 200;

/** Listens, and counts connections and requests. */
async function upstream(handler: RequestListener) {
  const counts = { connections: 0, requests: 0, open: new Set<Socket>() };
  const server = createServer((req, res) => {
    counts.requests++;
    handler(req, res);
  });
  server.on('connection', (socket: Socket) => {
    counts.connections++;
    counts.open.add(socket);
    socket.once('close', () => counts.open.delete(socket));
  });
  // A connection that is idle must not end by itself.
  server.keepAliveTimeout = 0;
  return { url: await listen(server), counts };
}

it(
  `${RELOADS} reloads under load fail no request, and reset nothing that stays`,
  { timeout: 600_000 },
  async () => {
    const steady = await upstream((_req, res) => void res.end('steady'));
    const stored = await upstream((_req, res) => void res.end('stored'));
    const changing = await upstream((_req, res) => void setTimeout(() => res.end('changing'), 20));
    const second = await upstream((_req, res) => void setTimeout(() => res.end('changing'), 20));
    const broken = await upstream((_req, res) => void res.writeHead(500).end());
    /** A configuration in which all but the first three upstreams and routes is another one each time. */
    const yaml = (i: number) => `
server: { port: 0, maxBodyBytes: ${i + 1}MiB, shutdown: { delay: 0s, drain: 1s } }
management: { port: 0 }
accessLog: { enabled: false }
defaults: { pool: { keepAlive: 1h } }
upstreams:
  steady: { url: "${steady.url}" }
  stored: { url: "${stored.url}" }
  broken: { url: "${broken.url}", breaker: { consecutiveFailures: 1, openFor: 1h, maxOpenFor: 1h } }
  changing:
    ${i % 2 ? `url: "${changing.url}"` : `targets: [{ url: "${changing.url}" }, { url: "${second.url}" }]`}
    timeout: ${5 + (i % 7)}s
    bulkhead: { concurrent: ${100 + i} }
  ${i % 3 ? `extra-${i % 5}: { url: "${changing.url}" }` : ''}
routes:
  - { id: steady, match: { path: /steady }, upstream: steady }
  - { id: stored, match: { path: /stored }, upstream: stored, cache: { ttl: 1h } }
  - { id: broken, match: { path: /broken }, upstream: broken }
  - { id: changing, match: { path: /changing }, upstream: ${i % 3 ? `extra-${i % 5}` : 'changing'}, timeout: ${5 + (i % 3)}s }
  - { id: more-${i % 4}, match: { path: /more/${i} }, upstream: changing }
`;
    const gateway = await spawnGateway(yaml(0));
    expect((await ask(`${gateway.url}/broken`)).status).toBe(500);
    expect((await ask(`${gateway.url}/broken`)).status).toBe(503);
    const paths = ['steady', 'stored', 'changing'];
    const loads = paths.map((path) => new Load(`${gateway.url}/${path}`, { clients: 8, pace: 5 }));
    const tallies = loads.map((load) => load.fromNow());
    const reload = async (i: number) => {
      await writeFile(gateway.file, yaml(i));
      const response = await fetch(`${gateway.managementUrl}/admin/config/reload`, {
        method: 'POST',
        headers: { 'X-Breakwater-Action': '1' },
      });
      return [response.status, ((await response.json()) as { revision: number }).revision];
    };
    // Both targets of the changing upstream and the pools of all get their connections.
    expect(await reload(1)).toEqual([200, 2]);
    const before = { steady: steady.counts.connections, stored: stored.counts.requests };
    for (let i = 2; i <= RELOADS; i++) expect(await reload(i)).toEqual([200, i + 1]);
    await Promise.all(loads.map((load) => load.stop()));
    expect(tallies.map(({ answers }) => answers)).toEqual(paths.map((path) => [`200 ${path}`]));
    for (const tally of tallies) expect(tally.total).toBeGreaterThan(RELOADS);
    expect((await ask(`${gateway.url}/broken`)).status).toBe(503);
    expect(broken.counts.requests).toBe(1);
    expect({ steady: steady.counts.connections, stored: stored.counts.requests }).toEqual(before);
    // What the reloads have removed is gone: the last configuration has one upstream with connections to each of these.
    expect(changing.counts.open.size).toBeLessThanOrEqual(16);
  },
);
