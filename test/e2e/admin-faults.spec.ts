import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { EventReader } from '../support/event-stream.js';
import { gateway, listen } from '../support/gateway.js';
import { until } from '../support/until.js';
import { clientsOfBoth, spawnWorkers } from '../support/workers.js';

const start = (route = '') =>
  gateway(`
upstreams: { api: { url: "\${API_URL}" } }
routes: [{ id: api, match: { path: /** }, upstream: api, ${route} }]`)
    .withUpstream('api', (_req, res) => res.end('answer'))
    .start();

type Running = Awaited<ReturnType<typeof start>>;

const send = (gw: Running, method: string, path: string, body: object) =>
  gw.management(path, { method, body: JSON.stringify(body) });

const ABORT = { abort: 503, for: '1h', reason: 'drill' };

describe('a fault that an operator injects', () => {
  it('applies to requests until it is removed, and is listed meanwhile', async () => {
    const gw = await start();
    expect((await send(gw, 'POST', '/admin/faults/api', { ...ABORT, abort: 418 })).status).toBe(200);
    expect((await gw.fetch('/x')).status).toBe(418);
    const { faults } = (await (await gw.management('/admin/faults')).json()) as { faults: object[] };
    expect(faults).toMatchObject([{ route: 'api', abort: { share: 1, status: 418 } }]);
    expect((await send(gw, 'DELETE', '/admin/faults/api', { reason: 'done' })).status).toBe(200);
    expect((await gw.fetch('/x')).status).toBe(200);
    expect(await (await gw.management('/admin/audit')).json()).toMatchObject({
      entries: [{ action: 'fault.clear' }, { action: 'fault.set', subject: 'api', lasts: 3_600_000 }],
    });
  });

  it('expires, and replaces the configured fault until then', async () => {
    const gw = await start('fault: { abort: { percent: 100%, status: 599 } }');
    const reader = await EventReader.open(gw.gateway.managementUrl);
    await send(gw, 'POST', '/admin/faults/api', { ...ABORT, abort: 418, for: '1s' });
    await reader.next('action', { action: 'fault.set' });
    await reader.next('action-ended', { action: 'fault.set', subject: 'api' });
    expect((await gw.fetch('/x')).status).toBe(599);
  });

  it.each([
    ['apy', ABORT, 404, 'There is no route "apy". Did you mean "api"?'],
    ['api', { for: '1m', reason: 'drill' }, 400, 'body: expected delay, abort or both'],
    [
      'api',
      { abort: 200, for: '1m', reason: 'drill' },
      400,
      'abort: expected a status from 400 to 599, found 200',
    ],
    ['api', { ...ABORT, percent: 50 }, 400, 'percent: expected a percentage such as 50%, found 50'],
    ['api', { ...ABORT, for: '25h' }, 400, 'for: expected at most 24h, found "25h"'],
    ['api', { abort: 503, reason: 'drill' }, 400, 'for: expected a duration such as'],
  ])('is refused when it is wrong: %s %j', async (route, body, status, detail) => {
    const gw = await start();
    const answer = await send(gw, 'POST', `/admin/faults/${route}`, body);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { detail: string }).detail).toContain(detail);
  });
});

it(
  'a level of the log and a fault hold for every worker, and end by themselves',
  { timeout: 60_000 },
  async () => {
    const url = await listen(createServer((_req, res) => void res.end('answer')));
    const gateway = await spawnWorkers(`
upstreams: { api: { url: "${url}" } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`);
    const clients = await clientsOfBoth(gateway, '/who');
    const change = (method: string, path: string, body: object) =>
      fetch(`${gateway.managementUrl}/admin/${path}`, {
        method,
        headers: { 'X-Breakwater-Action': '1' },
        body: JSON.stringify({ reason: 'drill', ...body }),
      });
    expect((await change('PUT', 'log-level', { level: 'error', for: '3s' })).status).toBe(200);
    expect((await change('POST', 'faults/api', { abort: 418, for: '1h' })).status).toBe(200);
    for (const client of clients) expect(await client.status('/fault')).toBe(418);
    expect((await change('DELETE', 'faults/api', {})).status).toBe(200);
    for (const client of clients) expect(await client.status('/well')).toBe(200);
    const logged = (path: string) => gateway.process.lines.some((line) => line.includes(`"path":"${path}"`));
    await until('both workers log requests again', async () => {
      for (const client of clients) await client.status(`/again-${client.worker}`);
      return clients.every(({ worker }) => logged(`/again-${worker}`));
    });
    expect(logged('/fault')).toBe(false);
  },
);
