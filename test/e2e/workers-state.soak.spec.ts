import { createServer, type RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { metric } from '../support/metrics.js';
import { bearer, inSeconds, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';
import { clientsOfBoth, spawnWorkers } from '../support/workers.js';

/** An upstream that counts requests by path. */
async function upstream(handler: RequestListener) {
  const counts = new Map<string, number>();
  const url = await listen(
    createServer((req, res) => {
      counts.set(req.url ?? '', (counts.get(req.url ?? '') ?? 0) + 1);
      handler(req, res);
    }),
  );
  return { url, count: (path: string) => counts.get(path) ?? 0 };
}

const failsAt =
  (path: string): RequestListener =>
  (req, res) =>
    void res.writeHead(req.url === path ? 500 : 200).end('answer');

async function overviewOf({ managementUrl }: { readonly managementUrl: string }) {
  return (await (await fetch(`${managementUrl}/admin/overview`)).json()) as {
    upstreams: { bulkhead: { inFlight: number }; targets: { inFlight: number; state: string }[] }[];
    timeline: { to: string }[];
  };
}

describe('the workers of a gateway', { timeout: 60_000 }, () => {
  it('open a breaker together, and report that once', async () => {
    const { url } = await upstream(failsAt('/fail'));
    const gateway = await spawnWorkers(`
upstreams: { api: { url: "${url}", breaker: { consecutiveFailures: 3, openFor: 1h, maxOpenFor: 1h } } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`);
    const [a, b] = await clientsOfBoth(gateway, '/ok');
    for (let i = 0; i < 3; i++) expect(await a.status('/fail')).toBe(500);
    await until('the other worker rejects calls', async () => (await b.status('/ok')) === 503);
    expect(await a.status('/ok')).toBe(503);
    expect((await overviewOf(gateway)).timeline.map(({ to }) => to)).toEqual(['open']);
    expect(await metric(gateway.managementUrl, 'breakwater_breaker_transitions_total')).toBe(1);
    expect(await metric(gateway.managementUrl, 'breakwater_breaker_state')).toBe(2);
    expect(await gateway.process.json(({ msg }) => msg === 'breaker open')).not.toHaveProperty('worker');
    expect(gateway.process.lines.filter((line) => line.includes('"breaker open"'))).toHaveLength(1);
  });

  it('count the failures of all for a breaker', async () => {
    // Slow enough that each worker hears of the failures of the other in time.
    const { url, count } = await upstream((req, res) => {
      if (req.url === '/fail') setTimeout(() => res.writeHead(500).end(), 50);
      else res.end();
    });
    const gateway = await spawnWorkers(`
upstreams: { api: { url: "${url}", breaker: { consecutiveFailures: 20, minRequests: 1000, openFor: 1h, maxOpenFor: 1h } } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`);
    const clients = await clientsOfBoth(gateway, '/ok');
    let failures = 0;
    await until('the breaker is open', async () => {
      const answers = await Promise.all(clients.map((client) => client.status('/fail')));
      failures += answers.filter((answer) => answer === 500).length;
      return answers.includes(503);
    });
    expect(failures).toBeGreaterThanOrEqual(20);
    // One worker alone would need 20, and both 39.
    expect(failures).toBeLessThan(32);
    expect(count('/fail')).toBe(failures);
  });

  it('are one gateway in the metrics and the overview, and divide the limits', async () => {
    const held: (() => void)[] = [];
    const { url } = await upstream((req, res) => {
      if (req.url === '/slow') held.push(() => res.end());
      else res.end('answer');
    });
    const gateway = await spawnWorkers(`
upstreams: { api: { url: "${url}", bulkhead: { concurrent: 100, streams: 40 } } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`);
    const [a, b] = await clientsOfBoth(gateway, '/ok');
    const read = (name: string) => metric(gateway.managementUrl, `breakwater_${name}`);
    const before = await read('requests_total');
    for (let i = 0; i < 5; i++) await Promise.all([a.ask('/ok'), b.ask('/ok')]);
    await until('all are counted', async () => (await read('requests_total')) === before + 10);
    expect(await read('request_duration_seconds_count')).toBe(before + 10);
    expect(await read('bulkhead_limit')).toBe(100);
    expect(await read('workers')).toBe(2);
    expect(await read('target_up')).toBe(1);
    const slow = [a.status('/slow'), b.status('/slow')];
    await until('both are at the service', () => held.length === 2);
    expect((await overviewOf(gateway)).upstreams[0]).toMatchObject({
      bulkhead: { inFlight: 2 },
      targets: [{ inFlight: 2 }],
    });
    for (const release of held) release();
    expect(await Promise.all(slow)).toEqual([200, 200]);
  });

  it('drop stored responses together', async () => {
    const { url } = await upstream((_req, res) => {
      res.writeHead(200, { 'cache-control': 'max-age=600' }).end('stored');
    });
    const gateway = await spawnWorkers(`
upstreams: { api: { url: "${url}" } }
routes: [{ id: api, match: { path: /** }, upstream: api, cache: {} }]`);
    const clients = await clientsOfBoth(gateway, '/who');
    const store = async (path: string) => {
      for (const client of clients) {
        await client.ask(path);
        expect((await client.ask(path)).headers['cache-status']).toContain('hit');
      }
    };
    await store('/purged');
    const api = `${gateway.managementUrl}/admin/cache`;
    const entries = await (await fetch(`${api}/entries?route=api`)).json();
    expect(entries).toMatchObject({ entries: [{ status: 200 }, { status: 200 }] });
    const name = new URL(gateway.url).host;
    const purge = await fetch(`${api}/purge?url=http://${name}/purged`, {
      method: 'POST',
      headers: { 'X-Breakwater-Action': '1' },
    });
    expect(await purge.json()).toEqual({ purged: 2 });
    for (const client of clients)
      expect((await client.ask('/purged')).headers['cache-status']).not.toContain('hit');

    await store('/changed');
    const [a, b] = clients;
    expect((await a.ask('/changed', {}, 'PUT')).status).toBe(200);
    await until('the other worker has dropped it', async () => {
      const { headers } = await b.ask('/changed', { 'cache-control': 'only-if-cached' });
      return !String(headers['cache-status']).includes('hit');
    });
    const bad = await fetch(`${api}/purge?url=http://${name}/%00`, {
      method: 'POST',
      headers: { 'X-Breakwater-Action': '1' },
    });
    expect(bad.status).toBe(400);
  });

  it('refuse a revoked token as soon as the revocation is answered', async () => {
    const { url } = await upstream((_req, res) => void res.end());
    const gateway = await spawnWorkers(`
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { api: { url: "${url}" } }
routes:
  - { id: open, match: { path: /open }, upstream: api, auth: none }
  - { id: api, match: { path: /** }, upstream: api }`);
    const clients = await clientsOfBoth(gateway, '/open');
    const expiresAt = inSeconds(600);
    const headers = bearer({ sub: 'alice', jti: 'stolen', exp: expiresAt });
    for (const client of clients) expect((await client.ask('/me', headers)).status).toBe(200);
    const revoke = `${gateway.managementUrl}/admin/tokens/revoke?jti=stolen&exp=${expiresAt}`;
    expect((await fetch(revoke, { method: 'POST', headers: { 'X-Breakwater-Action': '1' } })).status).toBe(
      200,
    );
    for (const client of clients) expect((await client.ask('/me', headers)).status).toBe(401);
    expect(await metric(gateway.managementUrl, 'breakwater_denied_tokens')).toBe(1);
  });

  it('share the ejection of a target', async () => {
    const good = await upstream((_req, res) => void res.end('good'));
    const bad = await upstream((_req, res) => void res.writeHead(500).end('bad'));
    const gateway = await spawnWorkers(`
upstreams:
  api:
    targets: [{ url: "${good.url}" }, { url: "${bad.url}" }]
    balancer: round-robin
    retry: { attempts: 0 }
    outlier: { consecutiveFailures: 3, ejectFor: 1h }
routes: [{ id: api, match: { path: /** }, upstream: api }]`);
    const [a, b] = await clientsOfBoth(gateway, '/who');
    await until('the target is ejected', async () => {
      await a.ask('/x');
      const { targets } = (await overviewOf(gateway)).upstreams[0] ?? {};
      return targets?.map(({ state }) => state).join() === 'available,ejected';
    });
    await until('the other worker uses the other target only', async () => {
      const answers = await Promise.all(Array.from({ length: 4 }, () => b.status('/x')));
      return answers.every((answer) => answer === 200);
    });
    const target = new URL(bad.url).host;
    expect(await metric(gateway.managementUrl, 'breakwater_target_up', { target })).toBe(0);
  });

  it('share the probes of the primary', async () => {
    let isWell = true;
    const { url, count } = await upstream((_req, res) => void res.writeHead(isWell ? 200 : 503).end());
    const gateway = await spawnWorkers(`
upstreams:
  api:
    url: "${url}"
    breaker: { openFor: 1h, maxOpenFor: 1h, failureStatuses: [599] }
    health: { path: /health, interval: 100ms, unhealthyInterval: 100ms, timeout: 9s, failures: 2, passes: 2 }
routes: [{ id: api, match: { path: /** }, upstream: api }]`);
    const clients = await clientsOfBoth(gateway, '/who');
    isWell = false;
    for (const client of clients)
      await until('the breaker is open', async () => (await client.ask('/x')).body.includes('breaker_open'));
    isWell = true;
    for (const client of clients)
      await until('the breaker is closed', async () => (await client.status('/x')) === 200);
    const [before, since] = [count('/health'), performance.now()];
    await until('there were five more probes', () => count('/health') >= before + 5);
    // Each of three processes would have sent as many.
    expect(performance.now() - since).toBeGreaterThan(4 * 90);
    const transitions = (await overviewOf(gateway)).timeline.map(({ to }) => to);
    expect(transitions).toEqual(['closed', 'open']);
  });
});
