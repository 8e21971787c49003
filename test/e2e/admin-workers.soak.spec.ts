import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { EventReader } from '../support/event-stream.js';
import { listen } from '../support/gateway.js';
import { until } from '../support/until.js';
import { clientsOfBoth, spawnWorkers } from '../support/workers.js';

const service = (isBad = false) =>
  listen(
    createServer((req, res) => void res.writeHead(isBad || req.url === '/fail' ? 500 : 200).end('answer')),
  );

async function timelineOf(managementUrl: string) {
  const response = await fetch(`${managementUrl}/admin/upstreams/api/timeline`);
  return (await response.json()) as {
    rates: { requests: number[]; errors: number[] };
    events: { kind: string; target?: string; to?: string; votes?: object }[];
  };
}

const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);

describe('the history of a gateway with workers', { timeout: 60_000 }, () => {
  it('adds up the requests of all workers, and has each transition once', async () => {
    const gateway = await spawnWorkers(`
upstreams: { api: { url: "${await service()}", retry: { attempts: 0 }, breaker: { consecutiveFailures: 3, openFor: 1h, maxOpenFor: 1h } } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`);
    const [a, b] = await clientsOfBoth(gateway, '/ok');
    const { managementUrl } = gateway;
    const reader = await EventReader.open(managementUrl);
    const counted = async (what: 'requests' | 'errors') => sum((await timelineOf(managementUrl)).rates[what]);
    // Those that found the workers are counted within a second.
    await until('the clients are counted', async () => (await counted('requests')) >= 2);
    for (let i = 0; i < 4; i++) for (const each of [a, b]) expect(await each.status('/ok')).toBe(200);
    let failures = 0;
    // Successes of the other worker, of which this one hears later, are between its failures.
    await until('the breaker is open', async () => {
      const status = await a.status('/fail');
      if (status === 500) failures++;
      return status === 503;
    });
    await until('all are counted', async () => {
      const areAll = (await counted('requests')) >= 8 + failures + 1;
      return areAll && (await counted('errors')) === failures + 1;
    });
    const top = await fetch(`${managementUrl}/admin/routes/top`);
    const { routes } = (await top.json()) as { routes: { requests: number; errors: number }[] };
    expect(routes).toMatchObject([{ route: 'api', requests: await counted('requests') }]);
    const { data } = await reader.next('transition', { to: 'open' });
    expect(data).toMatchObject({ votes: { failures }, reason: 'consecutive-failures' });
    const { events } = await timelineOf(managementUrl);
    expect(events.map(({ kind, to }) => [kind, to])).toEqual([['transition', 'open']]);
  });

  it('shows that an isolation or a close applies to every worker as soon as it is answered', async () => {
    const gateway = await spawnWorkers(`
upstreams: { api: { url: "${await service()}", retry: { attempts: 0 } } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`);
    const clients = await clientsOfBoth(gateway, '/ok');
    const act = (action: string) =>
      fetch(`${gateway.managementUrl}/admin/breakers/api/${action}`, {
        method: 'POST',
        headers: { 'X-Breakwater-Action': '1' },
        body: JSON.stringify({ reason: 'migration' }),
      });
    expect((await act('isolate')).status).toBe(200);
    for (const client of clients) expect(await client.status('/ok')).toBe(503);
    expect((await act('close')).status).toBe(200);
    for (const client of clients) expect(await client.status('/ok')).toBe(200);
  });

  it('shows the ejection of a target by a worker', async () => {
    const [good, bad] = [await service(), await service(true)];
    const gateway = await spawnWorkers(`
upstreams:
  api:
    targets: [{ url: "${good}" }, { url: "${bad}" }]
    balancer: round-robin
    retry: { attempts: 0 }
    outlier: { consecutiveFailures: 3, ejectFor: 1h }
routes: [{ id: api, match: { path: /** }, upstream: api }]`);
    const [a] = await clientsOfBoth(gateway, '/who');
    await until('the target is ejected', async () => {
      await a.ask('/x');
      return (await timelineOf(gateway.managementUrl)).events.length > 0;
    });
    const target = new URL(bad).host;
    expect((await timelineOf(gateway.managementUrl)).events).toMatchObject([
      { kind: 'target', target, from: 'available', to: 'ejected' },
    ]);
  });
});
