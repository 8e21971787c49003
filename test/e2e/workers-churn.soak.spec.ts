import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { ask } from '../support/http.js';
import { Load } from '../support/load.js';
import { metric } from '../support/metrics.js';
import { until } from '../support/until.js';
import { isAlive, spawnWorkers, withWorkers, workerPids } from '../support/workers.js';

const RELOADS = 50;

describe('a gateway with workers', { timeout: 600_000 }, () => {
  it(`fails no request during ${RELOADS} reloads, and keeps unchanged state`, async () => {
    let stored = 0;
    const url = await listen(createServer((_req, res) => void res.end('answer')));
    const storedUrl = await listen(createServer((_req, res) => void (stored++, res.end('stored'))));
    const broken = await listen(createServer((_req, res) => void res.writeHead(500).end()));
    const yaml = (i: number) => `
upstreams:
  steady: { url: "${url}" }
  stored: { url: "${storedUrl}" }
  broken: { url: "${broken}", breaker: { consecutiveFailures: 1, openFor: 1h, maxOpenFor: 1h } }
  changing: { url: "${url}", timeout: ${5 + (i % 7)}s, bulkhead: { concurrent: ${100 + i} } }
  ${i % 3 ? `extra-${i % 5}: { url: "${url}" }` : ''}
routes:
  - { id: steady, match: { path: /steady }, upstream: steady }
  - { id: stored, match: { path: /stored }, upstream: stored, cache: { ttl: 1h } }
  - { id: broken, match: { path: /broken }, upstream: broken }
  - { id: changing, match: { path: /changing }, upstream: ${i % 3 ? `extra-${i % 5}` : 'changing'} }
accessLog: { enabled: false }`;
    const gateway = await spawnWorkers(yaml(0));
    expect((await ask(`${gateway.url}/broken`)).status).toBe(500);
    const paths = ['steady', 'stored', 'changing'];
    const loads = paths.map((path) => new Load(`${gateway.url}/${path}`, { clients: 8, pace: 5 }));
    const tallies = loads.map((load) => load.fromNow());
    for (let i = 1; i <= RELOADS; i++) {
      await writeFile(gateway.file, withWorkers(yaml(i)));
      const response = await fetch(`${gateway.managementUrl}/admin/config/reload`, {
        method: 'POST',
        headers: { 'X-Breakwater-Action': '1' },
      });
      expect([response.status, await response.json()]).toMatchObject([200, { revision: i + 1 }]);
    }
    await Promise.all(loads.map((load) => load.stop()));
    expect(tallies.map(({ answers }) => answers)).toEqual([['200 answer'], ['200 stored'], ['200 answer']]);
    // Each worker fetched it once.
    expect(stored).toBeLessThanOrEqual(2);
    for (let i = 0; i < 8; i++) expect((await ask(`${gateway.url}/broken`)).status).toBe(503);
    expect(await metric(gateway.managementUrl, 'breakwater_worker_exits_total')).toBe(0);
  });

  it('replaces workers that hang while they serve or start', async () => {
    const url = await listen(createServer((_req, res) => void res.end('answer')));
    const yaml = `
upstreams: { api: { url: "${url}" } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`;
    const gateway = await spawnWorkers(yaml, { workers: 3 });
    const [hung = 0, killed = 0, other = 0] = await workerPids(gateway);
    process.kill(hung, 'SIGSTOP');
    // Metrics and reloads do not wait for it for long.
    expect(await metric(gateway.managementUrl, 'breakwater_workers')).toBe(3);
    process.kill(killed, 'SIGKILL');
    const starting = await until('another one starts', async () =>
      (await workerPids(gateway)).find((pid) => ![hung, killed, other].includes(pid)),
    );
    process.kill(starting, 'SIGSTOP');
    await until('both are killed', () => !isAlive(hung) && !isAlive(starting), 120_000);
    await until('two others serve', async () => {
      const exits = await metric(gateway.managementUrl, 'breakwater_worker_exits_total');
      return exits === 3 && (await workersOf(gateway.managementUrl)) === 3;
    });
    expect(isAlive(other)).toBe(true);
    for (let i = 0; i < 20; i++) expect((await ask(`${gateway.url}/`)).status).toBe(200);
  });

  it('loses only requests in flight when workers are killed repeatedly', async () => {
    const url = await listen(createServer((_req, res) => void res.end('answer')));
    const gateway = await spawnWorkers(`
upstreams: { api: { url: "${url}" } }
routes: [{ id: api, match: { path: /** }, upstream: api }]
accessLog: { enabled: false }`);
    const clients = 8;
    const kills = 4;
    const load = new Load(`${gateway.url}/`, { clients, pace: 2 });
    const tally = load.fromNow();
    for (let i = 1; i <= kills; i++) {
      await until('two workers serve', async () => (await workersOf(gateway.managementUrl)) === 2, 60_000);
      const before = tally.total;
      // It has to serve for some time, or the next ones would count as ended at once.
      await until('requests were answered', () => tally.total > before + 2_000, 60_000);
      const [first = 0] = await workerPids(gateway);
      process.kill(first, 'SIGKILL');
      const exits = () => metric(gateway.managementUrl, 'breakwater_worker_exits_total');
      await until('the primary knows', async () => (await exits()) === i);
    }
    await load.stop();
    const lost = tally.total - tally.count('200 answer');
    expect(lost).toBeLessThanOrEqual(kills * clients);
    expect(tally.answers.some((answer) => answer.includes('TIMEOUT'))).toBe(false);
  });
});

function workersOf(managementUrl: string): Promise<number> {
  return metric(managementUrl, 'breakwater_workers');
}
