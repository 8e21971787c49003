import { createServer, type ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { Load } from '../support/load.js';
import { metric } from '../support/metrics.js';
import { type GatewayProcess, spawnGateway } from '../support/process.js';
import { until } from '../support/until.js';

const API = { upstream: 'api' };
const CLIENTS = { clients: 100, pace: 50 };
const FALLBACK = '503 away';

it('of 100 clients that wait for the open time to end, one is the trial', { timeout: 60_000 }, async () => {
  const { service, gateway } = await tripped('timeout: 20s');
  const clients = new Load(`${gateway.url}/api`, CLIENTS);
  await until('a trial is under way', () => service.held.size > 0);

  const meanwhile = clients.fromNow();
  await until('the others are answered without it', () => meanwhile.total > 500);
  expect(service.held.size).toBe(1);
  expect(service.mostHeld).toBe(1);
  expect(meanwhile.answers).toEqual([FALLBACK]);
  expect(await state(gateway)).toBe(1);

  service.recover();
  await until('the breaker is closed', async () => (await state(gateway)) === 0);
  const after = clients.fromNow();
  await until('all are answered', () => after.total > 300);
  expect(after.answers).toEqual(['200 fine']);
});

it(
  'a trial that hangs opens the breaker again, and the next trial is as lonely',
  { timeout: 60_000 },
  async () => {
    const { service, gateway } = await tripped('timeout: 500ms');
    const clients = new Load(`${gateway.url}/api`, CLIENTS);
    const during = clients.fromNow();
    await until('three trials hung', () => service.trials >= 3, 20_000);
    await clients.stop();

    expect(service.mostHeld).toBe(1);
    expect(during.answers).toEqual([FALLBACK]);
    // Each of them was judged: none went beside another.
    const again = { ...API, from: 'half-open', to: 'open', reason: 'trial-failed' };
    const failed = () => metric(gateway.managementUrl, 'breakwater_breaker_transitions_total', again);
    await until('a trip for each trial', async () => (await failed()) === service.trials, 3000);
  },
);

it(
  'a trial may take as long as its route allows, and is the only one meanwhile',
  { timeout: 60_000 },
  async () => {
    const { service, gateway } = await tripped('timeout: 500ms', 'timeout: 20s');
    const clients = new Load(`${gateway.url}/api`, CLIENTS);
    await until('a trial is under way', () => service.held.size > 0);
    const meanwhile = clients.fromNow();
    const startedAt = performance.now();
    await until('three times the default went by', () => performance.now() - startedAt > 1500);

    expect(service.trials).toBe(1);
    expect(meanwhile.answers).toEqual([FALLBACK]);

    service.recover();
    await until('the breaker is closed', async () => (await state(gateway)) === 0);
  },
);

it(
  'a trial whose client goes away is no verdict: the next request is the trial',
  { timeout: 60_000 },
  async () => {
    const { service, gateway } = await tripped('timeout: 20s');
    await until('the open time is over', async () => (await state(gateway)) === 1);
    const client = new AbortController();
    const given = fetch(`${gateway.url}/api`, { signal: client.signal }).catch((error: Error) => error.name);
    await until('the trial is under way', () => service.held.size === 1);
    expect((await fetch(`${gateway.url}/api`)).status).toBe(503);

    client.abort();
    expect(await given).toBe('AbortError');
    await until('the service is let go', () => service.held.size === 0, 1000);
    expect(await state(gateway)).toBe(1);

    service.recover();
    expect(await (await fetch(`${gateway.url}/api`)).text()).toBe('fine');
    expect(service.trials).toBe(1);
    await until('the breaker is closed', async () => (await state(gateway)) === 0);
  },
);

/** A service whose breaker is open, with no call under way; it hangs from now on. */
async function tripped(
  timeout: string,
  routeTimeout = '',
): Promise<{ service: TrialService; gateway: GatewayProcess }> {
  const service = new TrialService();
  const gateway = await spawnGateway(`
    server: { host: 127.0.0.1, port: 0 }
    management: { port: 0 }
    upstreams:
      api:
        url: ${await listen(createServer((_req, res) => service.handle(res)))}
        ${timeout}
        breaker: { consecutiveFailures: 5, openFor: 1s, maxOpenFor: 1s, window: 30s }
        fallback: { response: { status: 503, body: away } }
    routes: [{ id: api, match: { path: /api/** }, upstream: api, ${routeTimeout} }]
  `);
  for (let i = 0; i < 5; i++) expect((await fetch(`${gateway.url}/api`)).status).toBe(500);
  expect(await state(gateway)).toBe(2);
  service.mode = 'hang';
  return { service, gateway };
}

function state({ managementUrl }: GatewayProcess): Promise<number> {
  return metric(managementUrl, 'breakwater_breaker_state', API);
}

class TrialService {
  mode: 'fail' | 'hang' | 'ok' = 'fail';
  /** Calls without an answer. */
  readonly held = new Set<ServerResponse>();
  mostHeld = 0;
  trials = 0;

  handle(res: ServerResponse): void {
    if (this.mode === 'fail') res.writeHead(500).end('broken');
    else if (this.mode === 'ok') res.end('fine');
    else {
      this.trials++;
      this.held.add(res);
      this.mostHeld = Math.max(this.mostHeld, this.held.size);
      res.once('close', () => this.held.delete(res));
    }
  }

  recover(): void {
    this.mode = 'ok';
    for (const res of this.held) res.end('fine');
  }
}
