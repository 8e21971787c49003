import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';

const yaml = (mode: string) => `
server: { rateLimit: { requests: 100, per: 1h } }
upstreams: { api: { url: "\${API_URL}" } }
routes: [{ id: api, match: { path: /** }, upstream: api, rateLimit: { requests: 2, per: 1m, burst: 1, mode: ${mode} } }]`;

it('shows the limits in force with their keys and rejections', async () => {
  const gw = await gateway(yaml('shadow'))
    .withUpstream('api', (_req, res) => void res.end('ok'))
    .start();
  for (let i = 0; i < 5; i++) await gw.fetch('/');
  const read = async () => (await gw.management('/admin/rate-limits')).json();
  const route = { scope: 'route', name: 'api', key: 'user', requests: 2, perMs: 60_000, burst: 1 };
  expect(await read()).toMatchObject([
    { scope: 'server', key: 'ip', requests: 100, mode: 'enforce', keys: 1, rejections: 0 },
    { ...route, mode: 'shadow', keys: 1, rejections: 2 },
  ]);
  await gw.reload(yaml('enforce'));
  await gw.fetch('/');
  expect(await read()).toMatchObject([{}, { ...route, mode: 'enforce', keys: 1, rejections: 3 }]);
});
