import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { metric } from '../support/metrics.js';
import { type GatewayProcess, type LogLine, spawnGateway, spawnUpstream } from '../support/process.js';
import { until } from '../support/until.js';

const PROBES =
  'health: { interval: 500ms, unhealthyInterval: 100ms, timeout: 400ms, failures: 3, passes: 2 }';
const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('probes', { timeout: 60_000 }, () => {
  it('open the breaker of a failing service without a user, and close it long before its open time', async () => {
    const orders = await spawnUpstream('orders');
    const gateway = await start(orders.url, 'breaker: { openFor: 30s }', PROBES);

    await fetch(`${orders.url}/_demo/fail`, { method: 'POST' });
    const opened = await transition(gateway, 'open');
    expect(opened).toMatchObject({ from: 'closed', reason: 'health', upstream: 'orders' });
    expect(opened['failures']).toContainEqual({
      outcome: 'probe',
      detail: '500',
      at: expect.stringMatching(ISO_8601),
    });
    expect(await (await fetch(`${gateway.url}/health`)).json()).toMatchObject({
      details: { orders: { status: 'degraded', breaker: 'open', probe: '500' } },
    });
    expect((await fetch(`${gateway.url}/orders/1`)).headers.get('breakwater-fallback')).toBe('response');

    await fetch(`${orders.url}/_demo/ok`, { method: 'POST' });
    const closed = await transition(gateway, 'closed');
    expect(closed).toMatchObject({ from: 'open', reason: 'health' });
    // They were the reason to open, not to close.
    expect(closed).not.toHaveProperty('failures');
    expect(Date.parse(String(closed['time'])) - Date.parse(String(opened['time']))).toBeLessThan(15_000);
    expect((await fetch(`${gateway.url}/orders/1`)).status).toBe(200);
    expect(await calls(gateway)).toBe(1);
  });

  it('hold the breaker open while they fail, so that no user is the trial', async () => {
    const service = new ProbedService();
    const gateway = await start(
      await service.listen(),
      'breaker: { openFor: 200ms, maxOpenFor: 200ms }',
      PROBES,
    );
    service.healthy = false;
    await transition(gateway, 'open');

    const probesAtTrip = service.probes;
    // Open for at most 200 ms, a probe each 100 ms: twenty of them outlast the open time many times over.
    await until('many open times went by', async () => {
      expect((await fetch(`${gateway.url}/orders/1`)).headers.get('breakwater-fallback')).toBe('response');
      return service.probes > probesAtTrip + 20;
    });
    expect(service.calls).toBe(0);
    expect(await metric(gateway.managementUrl, 'breakwater_breaker_transitions_total')).toBe(1);
    expect(await state(gateway)).toBe(2);

    service.healthy = true;
    expect(await transition(gateway, 'closed')).toMatchObject({ reason: 'health' });
    expect((await fetch(`${gateway.url}/orders/1`)).status).toBe(200);
  });

  it('that hang count as failing', async () => {
    const service = new ProbedService();
    const gateway = await start(await service.listen(), 'breaker: { openFor: 30s }', PROBES);
    service.healthy = 'never answers';

    const opened = await transition(gateway, 'open');
    expect(opened).toMatchObject({ reason: 'health' });
    expect(opened['failures']).toEqual(
      Array.from({ length: 3 }, () => ({
        outcome: 'probe',
        detail: 'timeout',
        at: expect.stringMatching(ISO_8601),
      })),
    );

    service.healthy = true;
    expect(await transition(gateway, 'closed')).toMatchObject({ reason: 'health' });
  });

  it('that passed before the trip do not end it: it takes `passes` good ones after', async () => {
    const service = new ProbedService();
    const probes = PROBES.replace('passes: 2', 'passes: 4');
    const gateway = await start(await service.listen(), 'breaker: { openFor: 30s }', probes);
    await until('many probes passed', () => service.probes > 4);

    // Healthy by its own account, and failing its users.
    service.failing = true;
    for (let i = 0; i < 5; i++) expect((await fetch(`${gateway.url}/orders/1`)).status).toBe(500);
    const probesAtTrip = service.probes;
    expect(await transition(gateway, 'open')).toMatchObject({ reason: 'consecutive-failures' });

    expect(await transition(gateway, 'closed')).toMatchObject({ reason: 'health' });
    // One may have been on its way at the trip.
    expect(service.probes - probesAtTrip).toBeGreaterThanOrEqual(3);
  });

  it('of a service that is down at boot do not stop the gateway', async () => {
    const orders = await spawnUpstream('orders');
    orders.process.kill('SIGKILL');
    await orders.process.exited;

    const gateway = await start(orders.url, 'breaker: { openFor: 30s }', PROBES);
    expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);
    await transition(gateway, 'open');
    const health = await fetch(`${gateway.url}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({
      details: { orders: { status: 'degraded', probe: 'ECONNREFUSED' } },
    });
    expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);

    await spawnUpstream('orders', orders.port);
    expect(await transition(gateway, 'closed')).toMatchObject({ reason: 'health' });
    expect((await fetch(`${gateway.url}/orders/1`)).status).toBe(200);
  });
});

it('without probes the open time alone rules, and one user is the trial', { timeout: 60_000 }, async () => {
  const service = new ProbedService();
  const gateway = await start(await service.listen(), 'breaker: { openFor: 1s, maxOpenFor: 1s }');
  service.failing = true;
  for (let i = 0; i < 5; i++) expect((await fetch(`${gateway.url}/orders/1`)).status).toBe(500);
  expect((await fetch(`${gateway.url}/orders/1`)).headers.get('breakwater-fallback')).toBe('response');
  expect(service.calls).toBe(5);

  // It is well again, but nobody asks it before the open time is over.
  service.failing = false;
  const [opened, halfOpen] = [await transition(gateway, 'open'), await transition(gateway, 'half-open')];
  expect(halfOpen).toMatchObject({ reason: 'open-elapsed' });
  const openFor = Date.parse(String(halfOpen['time'])) - Date.parse(String(opened['time']));
  expect(openFor).toBeGreaterThanOrEqual(1_000 * 0.8 - 20);
  expect(service.calls).toBe(5);
  expect(service.probes).toBe(0);

  expect((await fetch(`${gateway.url}/orders/1`)).status).toBe(200);
  expect(await transition(gateway, 'closed')).toMatchObject({ from: 'half-open', reason: 'trial-passed' });
  expect(service.calls).toBe(6);
});

function start(url: string, breaker: string, health = ''): Promise<GatewayProcess> {
  return spawnGateway(`
    server: { host: 127.0.0.1, port: 0 }
    management: { port: 0 }
    upstreams:
      orders:
        url: ${url}
        timeout: 2s
        ${breaker}
        ${health}
        fallback: { response: { body: away } }
    routes: [{ id: orders, match: { path: /orders/** }, upstream: orders }]
  `);
}

/** @returns the first transition of the breaker to a state */
function transition(gateway: GatewayProcess, to: string): Promise<LogLine> {
  return gateway.process.json(({ msg }) => msg === `breaker ${to}`);
}

function state({ managementUrl }: GatewayProcess): Promise<number> {
  return metric(managementUrl, 'breakwater_breaker_state', { upstream: 'orders' });
}

function calls({ managementUrl }: GatewayProcess): Promise<number> {
  return metric(managementUrl, 'breakwater_upstream_requests_total', { upstream: 'orders' });
}

/** Counts probes apart from the calls of users. */
class ProbedService {
  healthy: boolean | 'never answers' = true;
  /** What users get. */
  failing = false;
  probes = 0;
  calls = 0;

  listen(): Promise<string> {
    return listen(createServer((req, res) => this.handle(req, res)));
  }

  private handle(req: IncomingMessage, res: ServerResponse): void {
    if (req.url !== '/health') {
      this.calls++;
      res.writeHead(this.failing ? 500 : 200).end();
      return;
    }
    this.probes++;
    if (this.healthy !== 'never answers') res.writeHead(this.healthy ? 200 : 503).end();
  }
}
