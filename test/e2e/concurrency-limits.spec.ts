import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { gateway, type RunningGateway } from '../support/gateway.js';
import { bearer, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

/** A gateway whose upstream holds requests to /slow. */
async function start(limits: string, { route = '', upstream = '' } = {}) {
  const held: ServerResponse[] = [];
  const gw = await gateway(`
server: { limits: { ${limits} }, trustProxy: [127.0.0.1] }
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { api: { url: "\${API_URL}", retry: { attempts: 0 }, ${upstream} } }
routes:
  - { id: api, match: { path: /api/** }, upstream: api, auth: { optional: true }, ${route} }
  - { id: other, match: { path: /other/** }, upstream: api, auth: { optional: true } }`)
    .withUpstream('api', (req, res) => {
      if (req.url?.endsWith('/slow')) held.push(res);
      else res.end('ok');
    })
    .start();
  return { gw, held };
}

const as = (sub: string) => ({ headers: bearer({ sub }) });
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

function rejections(gw: RunningGateway, limit: string): Promise<number> {
  return gw.metric(`breakwater_concurrency_rejections_total{route="api",limit="${limit}"}`);
}

it('limits the requests of a user that are in flight', async () => {
  const { gw, held } = await start('requestsPerUser: 2');
  const slow = [gw.fetch('/api/slow', as('alice')), gw.fetch('/api/slow', as('alice'))];
  await until('both are in flight', () => held.length === 2);
  const refused = await gw.fetch('/other/1', as('alice'));
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  expect(await refused.json()).toMatchObject({
    code: 'too_many_concurrent',
    detail: 'At most 2 requests of one user are in flight at a time.',
  });
  expect((await gw.fetch('/api/1', as('bob'))).status).toBe(200);
  expect((await gw.fetch('/api/1')).status).toBe(200);
  held[0]?.end();
  await slow[0];
  await until('its place is free', async () => (await gw.fetch('/api/1', as('alice'))).status === 200);
  held[1]?.end();
  expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200]);
});

it('limits the requests of an address that are in flight, before authentication', async () => {
  const { gw, held } = await start('requestsPerIp: 1');
  const slow = gw.fetch('/api/slow', from('192.0.2.1'));
  await until('it is in flight', () => held.length === 1);
  const wrong = { ...from('192.0.2.1').headers, authorization: 'Bearer wrong' };
  expect((await gw.fetch('/api/1', { headers: wrong })).status).toBe(429);
  expect((await gw.fetch('/api/1', from('192.0.2.2'))).status).toBe(200);
  expect(await rejections(gw, 'requestsPerIp')).toBe(1);
  held[0]?.end();
  await slow;
  // Refused requests free their places, too.
  for (let i = 0; i < 3; i++)
    await until('it gets its 401', async () => (await gw.fetch('/api/1', { headers: wrong })).status === 401);
});

it('frees the place of a client that leaves', async () => {
  const { gw, held } = await start('requestsPerUser: 1');
  const leaving = new AbortController();
  const slow = gw.fetch('/api/slow', { ...as('alice'), signal: leaving.signal });
  await until('it is in flight', () => held.length === 1);
  expect((await gw.fetch('/api/1', as('alice'))).status).toBe(429);
  leaving.abort();
  await expect(slow).rejects.toThrow('aborted');
  await until('its place is free', async () => (await gw.fetch('/api/1', as('alice'))).status === 200);
});

it('counts a route with a limit of its own separately', async () => {
  const { gw, held } = await start('requestsPerUser: 1', { route: 'limits: { requestsPerUser: 2 }' });
  const slow = [gw.fetch('/api/slow', as('alice')), gw.fetch('/api/slow', as('alice'))];
  await until('both are in flight', () => held.length === 2);
  expect((await gw.fetch('/api/1', as('alice'))).status).toBe(429);
  expect((await gw.fetch('/other/1', as('alice'))).status).toBe(200);
  for (const res of held) res.end();
  await Promise.all(slow);
});

it('keeps one noisy user from taking all places of an upstream', async () => {
  const upstream = 'bulkhead: { concurrent: 3, queue: 0 }';
  const { gw, held } = await start('requestsPerUser: 2', { upstream });
  const noisy = Array.from({ length: 20 }, () => gw.fetch('/api/slow', as('noisy')));
  await until('two are in flight', () => held.length === 2);
  await until('the others are rejected', async () => (await rejections(gw, 'requestsPerUser')) === 18);
  for (let i = 0; i < 5; i++) expect((await gw.fetch('/api/1', as('quiet'))).status).toBe(200);
  expect(held).toHaveLength(2);
  for (const res of held) res.end();
  await Promise.all(noisy);
});
