import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { metric } from '../support/metrics.js';
import {
  type GatewayProcess,
  keepUntilEnd,
  type LogLine,
  spawnGateway,
  spawnUpstream,
  type UpstreamProcess,
} from '../support/process.js';
import { until } from '../support/until.js';

const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const LONG = 'breaker: { openFor: 30s }';

/** Counts probes apart from the calls of users. */
class ProbedService {
  healthy: boolean | 'never answers' = true;
  /** Whether users get a 500. */
  failing = false;
  probes = 0;
  calls = 0;

  readonly handle = (req: IncomingMessage, res: ServerResponse): void => {
    if (!req.url?.endsWith('/health')) {
      this.calls++;
      res.writeHead(this.failing ? 500 : 200).end();
      return;
    }
    this.probes++;
    if (this.healthy !== 'never answers') res.writeHead(this.healthy ? 200 : 503).end();
  };
}

/** @returns the keys of an upstream with fast probes */
function probed(breaker: string, passes = 2): string {
  const counts = `failures: 3, passes: ${passes}`;
  return `${breaker}, health: { path: /health, interval: 200ms, unhealthyInterval: 100ms, timeout: 1s, ${counts} }`;
}

/** One gateway process with an upstream of its own for each test, which is also the name of its route. */
describe('health probes', { timeout: 60_000 }, () => {
  const keep = keepUntilEnd();
  const services = {
    held: new ProbedService(),
    hanging: new ProbedService(),
    passing: new ProbedService(),
    pathless: new ProbedService(),
    unprobed: new ProbedService(),
  };
  let orders: UpstreamProcess;
  let absent: UpstreamProcess;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    services.pathless.healthy = false;
    const serve = (service: ProbedService) => listen(createServer(service.handle), keep);
    orders = await spawnUpstream('orders', { keepUntil: keep });
    absent = await spawnUpstream('orders', { keepUntil: keep });
    absent.process.kill('SIGKILL');
    await absent.process.exited;
    const upstreams = {
      orders: `url: "${orders.url}", ${probed(LONG)}`,
      absent: `url: "${absent.url}", ${probed(LONG)}`,
      held: `url: "${await serve(services.held)}", ${probed('breaker: { openFor: 200ms, maxOpenFor: 200ms }')}`,
      hanging: `url: "${await serve(services.hanging)}", ${probed(LONG)}`,
      passing: `url: "${await serve(services.passing)}", ${probed(LONG, 4)}`,
      pathless: `url: "${await serve(services.pathless)}", ${probed(LONG)}`,
      unprobed: `url: "${await serve(services.unprobed)}", breaker: { openFor: 1s, maxOpenFor: 1s }`,
    };
    const ids = Object.keys(upstreams);
    gateway = await spawnGateway(
      [
        'server: { host: 127.0.0.1, port: 0 }',
        'management: { port: 0 }',
        'upstreams:',
        ...Object.entries(upstreams).map(
          ([id, keys]) => `  ${id}: { timeout: 2s, fallback: { response: { body: away } }, ${keys} }`,
        ),
        'routes:',
        ...ids.map(
          (id) =>
            `  - { id: ${id}, match: { path: /${id}/** }, upstream: ${id}, rewrite: { path: "/orders/{rest}" } }`,
        ),
      ].join('\n'),
      {},
      keep,
    );
  });

  const ask = (id: string) => fetch(`${gateway.url}/${id}/1`);
  const probeOf = async (id: string) => {
    const { details } = (await (await fetch(`${gateway.managementUrl}/health`)).json()) as {
      details: Record<string, { probe?: string }>;
    };
    return details[id]?.probe;
  };
  const fallbackOf = async (id: string) => (await ask(id)).headers.get('breakwater-fallback');
  const read = (name: string, upstream: string) => metric(gateway.managementUrl, name, { upstream });
  /** @returns the first transition of the breaker of an upstream to a state */
  const transition = (upstream: string, to: string): Promise<LogLine> =>
    gateway.process.json((line) => line.msg === `breaker ${to}` && line['upstream'] === upstream);
  const timeOf = (line: LogLine) => Date.parse(String(line['time']));

  it('open the breaker of a failing service without a call of a user and close it before its open time ends', async () => {
    await until('a probe passed', async () => (await probeOf('orders')) === '200');
    await fetch(`${orders.url}/_demo/fail`, { method: 'POST' });
    const opened = await transition('orders', 'open');
    expect(opened).toMatchObject({ from: 'closed', reason: 'health' });
    expect(opened['failures']).toContainEqual({
      outcome: 'probe',
      detail: '500',
      at: expect.stringMatching(ISO_8601),
    });
    expect(await (await fetch(`${gateway.managementUrl}/health`)).json()).toMatchObject({
      details: { orders: { status: 'degraded', breaker: 'open', probe: '500' } },
    });
    expect(await fallbackOf('orders')).toBe('response');

    await fetch(`${orders.url}/_demo/ok`, { method: 'POST' });
    const closed = await transition('orders', 'closed');
    expect(closed).toMatchObject({ from: 'open', reason: 'health' });
    // Failures explain why a breaker opened, not why it closed.
    expect(closed).not.toHaveProperty('failures');
    expect(timeOf(closed) - timeOf(opened)).toBeLessThan(15_000);
    expect((await ask('orders')).status).toBe(200);
    expect(await read('breakwater_upstream_requests_total', 'orders')).toBe(1);
  });

  it('hold the breaker open while they fail, so that no request of a user is the trial', async () => {
    const service = services.held;
    await until('a probe passed', () => service.probes > 1);
    service.healthy = false;
    await transition('held', 'open');

    const probesAtTrip = service.probes;
    // The breaker is open for at most 200 ms and probed every 100 ms: 20 probes outlast the open time many times over.
    await until('many open times went by', async () => {
      expect(await fallbackOf('held')).toBe('response');
      return service.probes > probesAtTrip + 20;
    });
    expect(service.calls).toBe(0);
    expect(await read('breakwater_breaker_transitions_total', 'held')).toBe(1);
    expect(await read('breakwater_breaker_state', 'held')).toBe(2);

    service.healthy = true;
    expect(await transition('held', 'closed')).toMatchObject({ reason: 'health' });
    expect((await ask('held')).status).toBe(200);
  });

  it('count as failing when they hang', async () => {
    const service = services.hanging;
    await until('a probe passed', () => service.probes > 1);
    service.healthy = 'never answers';

    const opened = await transition('hanging', 'open');
    expect(opened).toMatchObject({ reason: 'health' });
    // A busy machine may have let an earlier one fail as well.
    expect((opened['failures'] as object[]).slice(-3)).toEqual(
      Array.from({ length: 3 }, () => ({
        outcome: 'probe',
        detail: 'timeout',
        at: expect.stringMatching(ISO_8601),
      })),
    );

    service.healthy = true;
    expect(await transition('hanging', 'closed')).toMatchObject({ reason: 'health' });
  });

  it('end the open time only when `passes` of them pass after the trip', async () => {
    const service = services.passing;
    await until('many probes passed', () => service.probes > 4);

    // The service is healthy by its own account and fails its users.
    service.failing = true;
    for (let i = 0; i < 5; i++) expect((await ask('passing')).status).toBe(500);
    const probesAtTrip = service.probes;
    expect(await transition('passing', 'open')).toMatchObject({ reason: 'consecutive-failures' });

    expect(await transition('passing', 'closed')).toMatchObject({ reason: 'health' });
    // One probe may have been under way at the trip.
    expect(service.probes - probesAtTrip).toBeGreaterThanOrEqual(3);
  });

  it('of a service that is down at boot do not stop the gateway', async () => {
    expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);
    await transition('absent', 'open');
    const health = await fetch(`${gateway.managementUrl}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({
      details: { absent: { status: 'degraded', probe: 'ECONNREFUSED' } },
    });
    expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);

    await spawnUpstream('orders', { port: absent.port });
    expect(await transition('absent', 'closed')).toMatchObject({ reason: 'health' });
    expect((await ask('absent')).status).toBe(200);
  });

  it('are ignored and reported while none has passed since the start', async () => {
    const service = services.pathless;
    await until('probes failed often enough to open a breaker', () => service.probes > 10);
    expect((await ask('pathless')).status).toBe(200);
    expect(await gateway.process.json((line) => line['upstream'] === 'pathless')).toMatchObject({
      level: 'warn',
      msg: 'health probes fail and are ignored, because none has passed since the start',
      path: '/health',
      result: '503',
    });
    expect(await (await fetch(`${gateway.managementUrl}/health`)).json()).toMatchObject({
      details: {
        pathless: { status: 'degraded', breaker: 'closed', probe: '503', probesIgnored: expect.any(String) },
      },
    });
    const { upstreams } = (await (await fetch(`${gateway.managementUrl}/admin/overview`)).json()) as {
      upstreams: object[];
    };
    expect(upstreams).toContainEqual(
      expect.objectContaining({ id: 'pathless', ignoredProbe: { path: '/health', result: '503' } }),
    );
    expect(await read('breakwater_probes_ignored', 'pathless')).toBe(1);

    service.healthy = true;
    await until('a probe passed', async () => (await read('breakwater_probes_ignored', 'pathless')) === 0);
    service.healthy = false;
    expect(await transition('pathless', 'open')).toMatchObject({ reason: 'health' });
  });

  it('are not needed: without them one request of a user is the trial after the open time', async () => {
    const service = services.unprobed;
    service.failing = true;
    for (let i = 0; i < 5; i++) expect((await ask('unprobed')).status).toBe(500);
    expect(await fallbackOf('unprobed')).toBe('response');
    expect(service.calls).toBe(5);

    // The service works again, but nobody asks it before the open time is over.
    service.failing = false;
    const opened = await transition('unprobed', 'open');
    const halfOpen = await transition('unprobed', 'half-open');
    expect(halfOpen).toMatchObject({ reason: 'open-elapsed' });
    expect(timeOf(halfOpen) - timeOf(opened)).toBeGreaterThanOrEqual(1_000 * 0.8 - 20);
    expect(service.calls).toBe(5);
    expect(service.probes).toBe(0);

    expect((await ask('unprobed')).status).toBe(200);
    expect(await transition('unprobed', 'closed')).toMatchObject({
      from: 'half-open',
      reason: 'trial-passed',
    });
    expect(service.calls).toBe(6);
  });
});
