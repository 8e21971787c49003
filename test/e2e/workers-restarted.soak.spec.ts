import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { ask } from '../support/http.js';
import { metric } from '../support/metrics.js';
import { until } from '../support/until.js';
import { clientsOfBoth, spawnWorkers, workerPids } from '../support/workers.js';

const QUIET = 20;

it(
  'a worker that takes the place of another adopts what operators have set',
  { timeout: 60_000 },
  async () => {
    const url = await listen(createServer((_req, res) => void res.end('answer')));
    const gateway = await spawnWorkers(`
upstreams:
  steady: { url: "${url}" }
  isolated: { url: "${url}" }
routes:
  - { id: steady, match: { path: /steady }, upstream: steady }
  - { id: isolated, match: { path: /isolated }, upstream: isolated }
  - { id: faulty, match: { path: /faulty }, upstream: steady }`);
    const change = async (method: string, path: string, body: object = {}) => {
      const response = await fetch(`${gateway.managementUrl}/admin/${path}`, {
        method,
        headers: { 'X-Breakwater-Action': '1' },
        body: JSON.stringify({ reason: 'drill', ...body }),
      });
      expect(response.status).toBe(200);
    };
    await change('POST', 'breakers/isolated/isolate');
    await change('POST', 'faults/faulty', { abort: 418, for: '1h' });
    await change('PUT', 'log-level', { level: 'error', for: '1h' });

    const before = await workerPids(gateway);
    const read = (name: string) => metric(gateway.managementUrl, `breakwater_${name}`);
    // One of them always keeps the port, which is ephemeral.
    for (const [i, pid] of before.entries()) {
      process.kill(pid, 'SIGKILL');
      await until(
        'it was replaced',
        async () => (await read('worker_exits_total')) === i + 1 && (await read('workers')) === 2,
      );
    }
    expect((await workerPids(gateway)).filter((pid) => before.includes(pid))).toEqual([]);

    // Connections of their own, which the system divides.
    for (let i = 0; i < QUIET; i++) expect((await ask(`${gateway.url}/steady?quiet`)).status).toBe(200);
    await change('DELETE', 'log-level');
    for (const client of await clientsOfBoth(gateway, '/steady')) {
      expect(await client.status('/isolated')).toBe(503);
      expect(await client.status('/faulty')).toBe(418);
    }
    await change('POST', 'breakers/isolated/close');
    await change('DELETE', 'faults/faulty');
    for (const client of await clientsOfBoth(gateway, '/steady')) {
      expect(await client.status('/isolated')).toBe(200);
      expect(await client.status('/faulty')).toBe(200);
    }
    // The log has none of the requests of before.
    const requests = gateway.process.lines.filter((line) => line.includes('"path":"/steady"'));
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.length).toBeLessThan(QUIET);
  },
);
