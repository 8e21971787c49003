import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';

const yaml = (route: string, more = '') => `
${more}
upstreams: { api: { url: "\${API_URL}" } }
routes: [{ id: api, match: { path: /** }, upstream: api, ${route} }]`;

async function start(route: string) {
  const gw = await gateway(yaml(route))
    .withUpstream('api', (_req, res) => void res.end('ok'))
    .start();
  return { gw, status: async () => (await gw.fetch('/')).status };
}

const LIMIT = 'rateLimit: { requests: 2, per: 1h }';

it('keeps the counts of a limit that does not change', async () => {
  const { gw, status } = await start(LIMIT);
  expect([await status(), await status(), await status()]).toEqual([200, 200, 429]);
  await gw.reload(yaml(`${LIMIT}, timeout: 9s`, 'server: { sendTimeout: 9s }'));
  expect(await status()).toBe(429);
});

it('changes one limit and removes another', async () => {
  const { gw, status } = await start('timeout: 1s');
  expect([await status(), await status(), await status()]).toEqual([200, 200, 200]);
  await gw.reload(yaml(LIMIT));
  expect([await status(), await status(), await status()]).toEqual([200, 200, 429]);
  await gw.reload(yaml('rateLimit: { requests: 3, per: 1h }'));
  expect([await status(), await status(), await status(), await status()]).toEqual([200, 200, 200, 429]);
  await gw.reload(yaml('timeout: 1s'));
  expect(await status()).toBe(200);
});

it('keeps the counts when shadow becomes enforce', async () => {
  const { gw, status } = await start('rateLimit: { requests: 2, per: 1h, mode: shadow }');
  expect([await status(), await status(), await status()]).toEqual([200, 200, 200]);
  await gw.reload(yaml(LIMIT));
  expect(await status()).toBe(429);
});
