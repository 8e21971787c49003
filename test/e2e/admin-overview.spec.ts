import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { until } from '../support/until.js';

const start = (upstream: string, cache = '') =>
  gateway(`
upstreams: { api: { url: "\${API_URL}", retry: { attempts: 0 }, ${upstream} } }
routes: [{ id: api, match: { path: /** }, upstream: api, ${cache} }]`)
    .withUpstream('api', (req, res) => res.writeHead(req.url === '/fail' ? 500 : 200).end('answer'))
    .start();

type Running = Awaited<ReturnType<typeof start>>;

interface Body {
  readonly callers: { readonly requests: number };
  readonly events: readonly object[];
  readonly rates: Readonly<Record<'requests' | 'rejected' | 'p95', number[]>>;
}

async function read(gw: Running, path: string) {
  const response = await gw.management(path);
  return { status: response.status, body: (await response.json()) as Body };
}

describe('the admin API', () => {
  it('shows the status, its start and cause, what callers get, and the next trial', async () => {
    const gw = await start(
      'breaker: { consecutiveFailures: 2, openFor: 1m, maxOpenFor: 1m }, fallback: { stale: false, response: { status: 200 } }',
    );
    for (let i = 0; i < 5; i++) await gw.fetch('/fail');
    const report = async () => (await read(gw, '/admin/upstreams/api')).body;
    await until('all are counted', async () => (await report()).callers.requests === 5);
    expect(await report()).toMatchObject({
      id: 'api',
      status: 'down',
      breaker: {
        state: 'open',
        reason: 'consecutive-failures',
        since: expect.any(String),
        retryAfter: expect.any(Number),
        votes: { successes: 0, failures: 2 },
        lastFailures: [{ detail: '500', target: new URL(gw.urlOf('api')).host }, {}],
      },
      fallback: { stale: false, status: 200 },
      callers: {
        requests: 5,
        errors: 2,
        rejected: 3,
        fallbacks: 3,
        stale: 0,
        cached: 0,
        p50: expect.any(Number),
      },
      sinceTransition: { fallbacks: 3 },
    });
    const { body } = await read(gw, '/admin/overview');
    expect(body).toMatchObject({ gateway: { phase: 'serving', revision: 1 }, upstreams: [{ id: 'api' }] });
  });

  it('distinguishes stored responses from calls, and healthy upstreams from failing ones', async () => {
    const gw = await start('', 'cache: { ttl: 1m }');
    for (let i = 0; i < 4; i++) await (await gw.fetch('/good')).text();
    const report = async () => (await read(gw, '/admin/upstreams/api')).body;
    await until('all are counted', async () => (await report()).callers.requests === 4);
    expect(await report()).toMatchObject({ status: 'ok', callers: { cached: 3, errors: 0 } });
  });

  it('returns the events and rates of an upstream', async () => {
    const gw = await start('breaker: { consecutiveFailures: 2, openFor: 1m, maxOpenFor: 1m }');
    for (let i = 0; i < 3; i++) await gw.fetch('/fail');
    const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
    const timeline = async () => (await read(gw, '/admin/upstreams/api/timeline?last=1m')).body;
    await until('the second is over', async () => sum((await timeline()).rates.requests) === 3);
    const { events, rates } = await timeline();
    expect(rates.requests).toHaveLength(60);
    expect(sum(rates.rejected)).toBe(1);
    expect(rates.p95.some((each) => each !== null)).toBe(true);
    expect(events).toMatchObject([
      {
        kind: 'transition',
        from: 'closed',
        to: 'open',
        reason: 'consecutive-failures',
        votes: { successes: 0, failures: 2 },
        failures: [{ outcome: 'upstream_status', detail: '500' }, {}],
      },
    ]);
  });

  it('lists the known upstreams for an unknown name', async () => {
    const gw = await start('');
    const { status, body } = await read(gw, '/admin/upstreams/apy/timeline');
    expect(status).toBe(404);
    expect(body).toMatchObject({
      code: 'unknown_name',
      detail: 'There is no upstream "apy". Did you mean "api"? Known: api.',
    });
    const bad = await read(gw, '/admin/upstreams/api/timeline?last=60');
    expect(bad).toMatchObject({ status: 400, body: { code: 'admin_request_invalid' } });
  });
});
