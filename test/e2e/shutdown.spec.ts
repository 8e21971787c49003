import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { collectBody } from '../support/http.js';
import { listen } from '../support/gateway.js';
import { type GatewayProcess, spawnGateway } from '../support/process.js';
import { until } from '../support/until.js';

describe('a gateway process after SIGTERM', { timeout: 60_000 }, () => {
  it('fails readiness at once, serves during `delay`, finishes requests in flight and exits with 0', async () => {
    const service = new SlowService();
    const gateway = await start(service, 'delay: 3s, drain: 20s');
    const inFlight = get(`${gateway.url}/api/slow`);
    await until('the request is at the service', () => service.held.length === 1);

    const toldAt = performance.now();
    gateway.process.kill('SIGTERM');
    await until('readiness fails', async () => (await get(`${gateway.url}/health/ready`)) === 503);
    expect(await get(`${gateway.managementUrl}/health/ready`)).toBe(503);
    expect(await get(`${gateway.url}/health/live`)).toBe(200);
    expect(await get(`${gateway.url}/api/hello`)).toBe(200);

    await refused(gateway);
    expect(performance.now() - toldAt).toBeGreaterThan(3000 - 20);
    expect(gateway.process.child.exitCode).toBeNull();
    service.release();
    const releasedAt = performance.now();
    expect(await inFlight).toBe(200);
    expect(await gateway.process.exited).toBe(0);
    // The process waits for the request, not for the end of `drain`.
    expect(performance.now() - releasedAt).toBeLessThan(15_000);
  });

  it('waits neither for idle connections nor for the next request of one that had a request in flight', async () => {
    const service = new SlowService();
    const gateway = await start(service, 'delay: 0s, drain: 20s');
    // `fetch` keeps these connections alive.
    const inFlight = fetch(`${gateway.url}/api/slow`);
    expect((await fetch(`${gateway.url}/api/hello`)).status).toBe(200);
    expect((await fetch(`${gateway.managementUrl}/health`)).status).toBe(200);
    await until('the request is at the service', () => service.held.length === 1);

    gateway.process.kill('SIGTERM');
    await refused(gateway);
    service.release();
    const releasedAt = performance.now();
    expect((await inFlight).status).toBe(200);
    expect(await gateway.process.exited).toBe(0);
    expect(performance.now() - releasedAt).toBeLessThan(15_000);
  });

  it('cancels a reload in progress without an error', async () => {
    const gateway = await start(new SlowService(), 'delay: 0s, drain: 20s');
    gateway.process.kill('SIGHUP');
    gateway.process.kill('SIGTERM');
    expect(await gateway.process.exited).toBe(0);
    expect(gateway.process.lines.filter((line) => /"level":"(?:warn|error|fatal)"/.test(line))).toEqual([]);
  });

  it('aborts requests that take longer than `drain` and exits with 0', async () => {
    const service = new SlowService();
    const gateway = await start(service, 'delay: 0s, drain: 500ms');
    const inFlight = get(`${gateway.url}/api/slow`);
    await until('the request is at the service', () => service.held.length === 1);

    const toldAt = performance.now();
    gateway.process.kill('SIGTERM');
    expect(await inFlight).toBe('ECONNRESET');
    expect(performance.now() - toldAt).toBeGreaterThan(500 - 20);
    expect(await gateway.process.exited).toBe(0);
    expect(performance.now() - toldAt).toBeLessThan(15_000);
  });

  it('loses no request of clients that stop when readiness fails or when told to close their connection', async () => {
    const service = new SlowService();
    const gateway = await start(service, 'delay: 1s, drain: 10s');
    const readiness = watchReadiness(gateway);
    const newConnections = Array.from({ length: 8 }, async () => {
      const answers: Answer[] = [];
      while (readiness.ready) answers.push(await get(`${gateway.url}/api/hello`));
      return answers;
    });
    const reusedConnections = Array.from({ length: 16 }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      onTestFinished(() => agent.destroy());
      const answers: Answer[] = [];
      const client = { told: false };
      const look = (res: IncomingMessage) => (client.told = res.headers.connection === 'close');
      // A failing readiness check affects only new connections.
      while (readiness.ready || !client.told) {
        const answer = await get(`${gateway.url}/api/hello`, agent, look);
        // Closing an idle connection loses no request.
        if (answer === 'ECONNREFUSED') break;
        answers.push(answer);
      }
      return answers;
    });
    const answers = await tellUnderLoad(gateway, service, [...newConnections, ...reusedConnections]);
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(await gateway.process.exited).toBe(0);
  });

  it('loses no request that reached an upstream when clients continue until refused', async () => {
    const service = new SlowService();
    const gateway = await start(service, 'delay: 500ms, drain: 10s');
    const clients = Array.from({ length: 8 }, async () => {
      const answers: Answer[] = [];
      while (!answers.includes('ECONNREFUSED')) answers.push(await get(`${gateway.url}/api/hello`));
      return answers;
    });
    const answers = await tellUnderLoad(gateway, service, clients);
    expect(answers.filter((answer) => answer === 200)).toHaveLength(service.answered);
    // Connections that only the kernel has accepted are reset when the port closes.
    const others = answers.filter((answer) => answer !== 'ECONNREFUSED' && answer !== 'ECONNRESET');
    expect(new Set(others)).toEqual(new Set([200]));
    expect(await gateway.process.exited).toBe(0);
  });
});

describe('a gateway process after other signals', { timeout: 60_000 }, () => {
  it('drains without delay after SIGINT', async () => {
    const service = new SlowService();
    const gateway = await start(service, 'delay: 50s, drain: 20s');
    const inFlight = get(`${gateway.url}/api/slow`);
    await until('the request is at the service', () => service.held.length === 1);

    gateway.process.kill('SIGINT');
    await refused(gateway);
    service.release();
    expect(await inFlight).toBe(200);
    expect(await gateway.process.exited).toBe(0);
  });

  it('treats a Ctrl-C that arrives several times as one', async () => {
    const service = new SlowService();
    const gateway = await start(service, 'delay: 50s, drain: 20s');
    const inFlight = get(`${gateway.url}/api/slow`);
    await until('the request is at the service', () => service.held.length === 1);

    gateway.process.kill('SIGINT');
    await gateway.process.json(({ msg }) => msg === 'draining');
    gateway.process.kill('SIGINT');
    await refused(gateway);
    service.release();
    expect(await inFlight).toBe(200);
    expect(await gateway.process.exited).toBe(0);
  });

  it('exits with 1 on another Ctrl-C', async () => {
    const service = new SlowService();
    const gateway = await start(service, 'delay: 50s, drain: 50s');
    const inFlight = get(`${gateway.url}/api/slow`);
    await until('the request is at the service', () => service.held.length === 1);

    await until('it has exited', () => {
      gateway.process.kill('SIGINT');
      return gateway.process.child.exitCode !== null;
    });
    expect(await gateway.process.exited).toBe(1);
    expect(await inFlight).toBe('ECONNRESET');
  });

  it('logs its addresses, and keeps running after SIGHUP', async () => {
    const gateway = await start(new SlowService(), 'delay: 0s, drain: 1s', '0.0.0.0');
    const { port } = new URL(gateway.url);
    expect(await gateway.process.json(({ msg }) => msg === 'listening')).toMatchObject({
      address: `0.0.0.0:${port}`,
      managementAddress: new URL(gateway.managementUrl).host,
    });
    gateway.process.kill('SIGHUP');
    await gateway.process.json(({ msg }) => msg === 'configuration unchanged');
    expect(await get(`${gateway.url}/api/hello`)).toBe(200);
    gateway.process.kill('SIGTERM');
    expect(await gateway.process.exited).toBe(0);
    expect(JSON.parse(gateway.process.lines.at(-1) ?? '')).toMatchObject({ msg: 'stopped' });
  });

  it.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGTERM', 'SIGINT'],
  ] as const)('exits at once with 1 when %s is followed by %s', async (first, second) => {
    const service = new SlowService();
    const gateway = await start(service, 'delay: 50s, drain: 50s');
    const inFlight = get(`${gateway.url}/api/slow`);
    await until('the request is at the service', () => service.held.length === 1);

    gateway.process.kill(first);
    expect(await gateway.process.json(({ msg }) => msg === 'draining')).toMatchObject({ signal: first });
    const toldAt = performance.now();
    gateway.process.kill(second);
    expect(await gateway.process.exited).toBe(1);
    expect(performance.now() - toldAt).toBeLessThan(20_000);
    expect(await inFlight).toBe('ECONNRESET');
  });
});

type Answer = number | string;

/**
 * Sends a request, on a connection of its own without an agent.
 *
 * @returns the status once the body is complete, or the error code
 */
function get(
  url: string,
  agent: Agent | false = false,
  look?: (res: IncomingMessage) => void,
): Promise<Answer> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
    const req = request(url, { agent }, (res) => {
      look?.(res);
      collectBody(res).then(() => resolve(res.statusCode ?? 0), failed);
    });
    req.on('error', failed).end();
  });
}

/** Polls readiness as a load balancer does. */
function watchReadiness({ url }: GatewayProcess): { readonly ready: boolean } {
  const readiness = { ready: true };
  void (async () => {
    while (readiness.ready) readiness.ready = (await get(`${url}/health/ready`)) === 200;
  })();
  return readiness;
}

async function tellUnderLoad(
  gateway: GatewayProcess,
  service: SlowService,
  clients: Promise<Answer[]>[],
): Promise<Answer[]> {
  await until('the load is steady', () => service.answered > 50);
  gateway.process.kill('SIGTERM');
  return (await Promise.all(clients)).flat();
}

/** Holds the response to `/slow` until `release`. */
class SlowService {
  readonly held: ServerResponse[] = [];
  answered = 0;

  readonly handle: RequestListener = (req, res) => {
    if (req.url === '/api/slow') this.held.push(res);
    else {
      this.answered++;
      res.end('hello');
    }
  };

  release(): void {
    for (const res of this.held) res.end('at last');
  }
}

/** Waits until the port is closed. */
function refused({ url }: GatewayProcess): Promise<boolean> {
  return until('new connections are refused', async () => (await get(`${url}/api/hello`)) === 'ECONNREFUSED');
}

async function start(service: SlowService, shutdown: string, host = '127.0.0.1'): Promise<GatewayProcess> {
  return spawnGateway(`
    server: { host: ${host}, port: 0, shutdown: { ${shutdown} } }
    management: { port: 0 }
    upstreams: { api: { url: "${await listen(createServer(service.handle))}", timeout: 9s } }
    routes: [{ id: api, match: { path: /api/** }, upstream: api, timeout: 50s }]
  `);
}
