import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { Load } from '../support/load.js';
import { metric } from '../support/metrics.js';
import { clientsOfBoth, spawnWorkers, withWorkers } from '../support/workers.js';

describe('a reload of a gateway with workers', { timeout: 60_000 }, () => {
  it('reaches all workers before it is answered, fails no request, and is reported once', async () => {
    const url = await listen(createServer((_req, res) => void res.end('answer')));
    const yaml = (routes: string) => `
upstreams: { api: { url: "${url}", breaker: { consecutiveFailures: ${routes.length + 1} } } }
routes: [{ id: api, match: { path: /api }, upstream: api }${routes}]`;
    const added = ', { id: more, match: { path: /more }, upstream: api }';
    const gateway = await spawnWorkers(yaml(''));
    const clients = await clientsOfBoth(gateway, '/api');
    const reload = async (text: string) => {
      await writeFile(gateway.file, text);
      return fetch(`${gateway.managementUrl}/admin/config/reload`, {
        method: 'POST',
        headers: { 'X-Breakwater-Action': '1' },
      });
    };
    const statuses = () => Promise.all(clients.map((client) => client.status('/more')));
    const load = new Load(`${gateway.url}/api`, { clients: 4, pace: 2 });
    const tally = load.fromNow();
    expect(await statuses()).toEqual([404, 404]);
    for (let i = 1; i <= 2; i++) {
      const more = await reload(withWorkers(yaml(added)));
      expect([more.status, await more.json()]).toMatchObject([200, { revision: 2 * i }]);
      expect(await statuses()).toEqual([200, 200]);
      const less = await reload(withWorkers(yaml('')));
      expect([less.status, await less.json()]).toMatchObject([200, { revision: 2 * i + 1 }]);
      expect(await statuses()).toEqual([404, 404]);
    }
    await load.stop();
    expect(tally.answers).toEqual(['200 answer']);

    const wrong = await reload('routes: [');
    expect(wrong.status).toBe(422);
    expect(await statuses()).toEqual([404, 404]);
    const unchanged = await reload(withWorkers(yaml('')).replace('workers: 2', 'workers: 3'));
    expect(await unchanged.json()).toMatchObject({ restartFor: ['server.workers'] });
    const { managementUrl } = gateway;
    const reloads = 'breakwater_config_reloads_total';
    expect(await metric(managementUrl, reloads, { result: 'applied' })).toBe(4);
    // The file is also read because it has changed.
    expect(await metric(managementUrl, reloads, { result: 'failed' })).toBeGreaterThanOrEqual(1);
    expect(await metric(managementUrl, 'breakwater_config_info', { revision: '5' })).toBe(1);
    const lines = gateway.process.lines.filter((line) => line.includes('"configuration reloaded"'));
    expect(lines).toHaveLength(4);
  });
});
