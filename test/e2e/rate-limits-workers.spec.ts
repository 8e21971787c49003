import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { metric } from '../support/metrics.js';
import { until } from '../support/until.js';
import { clientsOfBoth, spawnWorkers } from '../support/workers.js';

it('workers without Redis share the limit', { timeout: 60_000 }, async () => {
  const url = await listen(createServer((_req, res) => void res.end('ok')));
  const gateway = await spawnWorkers(`
upstreams: { api: { url: "${url}" } }
routes:
  - { id: free, match: { path: /free }, upstream: api }
  - { id: api, match: { path: /api }, upstream: api, rateLimit: { requests: 50, per: 1h } }`);
  const clients = await clientsOfBoth(gateway, '/free');
  // One connection alone, which is with one worker, has the whole limit.
  const [a, b] = clients;
  for (let i = 0; i < 30; i++) expect(await a.status('/api')).toBe(200);
  const statuses = await Promise.all(Array.from({ length: 60 }, (_, i) => clients[i % 2]!.status('/api')));
  expect(statuses.filter((status) => status === 200)).toHaveLength(20);
  expect(await b.status('/api')).toBe(429);
  const rejections = () => metric(gateway.managementUrl, 'breakwater_ratelimit_rejections_total');
  const limits = await fetch(`${gateway.managementUrl}/admin/rate-limits`);
  expect(await limits.json()).toMatchObject([{ name: 'api', keys: 1, rejections: 41 }]);
  await until('all are counted', async () => (await rejections()) === 41);
});
