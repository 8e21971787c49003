import {
  createServer,
  type IncomingMessage,
  request,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { metric } from '../support/metrics.js';
import { type GatewayProcess, spawnGateway } from '../support/process.js';
import { canCountSockets, connectionsTo } from '../support/sockets.js';
import { until } from '../support/until.js';

const ABORTS = 50;
const CHUNK = Buffer.alloc(64 * 1024, 'x');

describe.skipIf(!canCountSockets)('a client that goes away', { timeout: 60_000 }, () => {
  it('while it waits for an answer: the service is let go, and is not to blame', async () => {
    const { gateway, service } = await start();

    const clients = startClients(gateway, { path: '/api/silent' });
    await until('every request is at the service', () => service.open === ABORTS);
    await leave(clients, service);

    await expectNoVote(gateway);
  });

  it('in the middle of a download: the service is let go, and is not to blame', async () => {
    const { gateway, service } = await start();

    const clients = startClients(gateway, { path: '/api/endless' });
    await until('every client has a part', () => clients.every((each) => each.received > 0));
    await leave(clients, service);

    await expectNoVote(gateway);
  });

  it.each([
    ['with a length', { 'content-length': '1000000000' }],
    ['chunked', { 'transfer-encoding': 'chunked' }],
  ])('in the middle of an upload %s: the service is let go, and is not to blame', async (_, headers) => {
    const { gateway, service } = await start();

    const clients = startClients(gateway, { path: '/api/sink', method: 'POST', headers });
    for (const { req } of clients) req.write(CHUNK);
    await until(
      'the service has a part of each',
      () => service.open === ABORTS && service.received >= ABORTS * CHUNK.length,
    );
    await leave(clients, service);

    await expectNoVote(gateway);
  });

  it('while it waits for a connection to the service: the request is never sent', async () => {
    const { gateway, service } = await start('pool: { connections: 1 }');

    const first = startClients(gateway, { path: '/api/silent' }, 1);
    await until('the only connection is taken', () => service.open === 1);
    const clients = startClients(gateway, { path: '/api/silent' });
    await until('the gateway has all of them', async () => (await connectionsTo(gateway.url)) > ABORTS);
    for (const each of clients) each.req.destroy();
    await until('all are over', async () => (await requests(gateway, 'client_gone')) === ABORTS, 1000);
    await leave(first, service);

    expect(service.requests).toBe(1);
    await expectNoVote(gateway, ABORTS + 1);
  });
});

interface Client {
  readonly req: ReturnType<typeof request>;
  received: number;
}

/** Each on a connection of its own. */
function startClients({ url }: GatewayProcess, options: RequestOptions, count = ABORTS): Client[] {
  return Array.from({ length: count }, () => {
    const req = request(url, { ...options, agent: false });
    const client = { req, received: 0 };
    // Leaving is an error of the client's own.
    req.on('error', () => undefined);
    req.on('response', (res) => {
      res.on('error', () => undefined);
      // Reads a part, then no more: the gateway has bytes to get rid of when the client leaves.
      res.once('data', (chunk: Buffer) => {
        client.received += chunk.length;
        res.pause();
      });
    });
    if (options.method === undefined) req.end();
    return client;
  });
}

async function leave(clients: readonly Client[], service: Service): Promise<void> {
  for (const { req } of clients) req.destroy();
  await until('the service is let go', () => service.open === 0, 1000);
  // An aborted call cannot give its connection back, so none may be left.
  await until('the connections are closed', async () => (await connectionsTo(service.url)) === 0, 1000);
}

/** Ten times what would open the breaker, had each been a failure. */
async function expectNoVote(gateway: GatewayProcess, aborts = ABORTS): Promise<void> {
  const { managementUrl, url } = gateway;
  await until(
    'the requests are counted',
    async () => (await requests(gateway, 'client_gone')) === aborts,
    1000,
  );
  const calls = { upstream: 'api', outcome: 'client_gone' };
  expect(await metric(managementUrl, 'breakwater_upstream_requests_total', calls)).toBe(aborts);
  expect(await metric(managementUrl, 'breakwater_upstream_requests_total')).toBe(aborts);
  expect(await metric(managementUrl, 'breakwater_breaker_state', { upstream: 'api' })).toBe(0);
  expect(await metric(managementUrl, 'breakwater_breaker_transitions_total')).toBe(0);
  expect(await (await fetch(`${url}/api/hello`)).text()).toBe('hello');
}

function requests({ managementUrl }: GatewayProcess, outcome: string): Promise<number> {
  return metric(managementUrl, 'breakwater_requests_total', { route: 'api', outcome, status: '499' });
}

/** Counts what it has open. It never answers `/silent`, never ends `/endless`, and reads `/sink` without an answer. */
class Service {
  url = '';
  open = 0;
  requests = 0;
  received = 0;

  handle(req: IncomingMessage, res: ServerResponse): void {
    this.requests++;
    this.open++;
    res.on('close', () => this.open--);
    if (req.url === '/api/endless') {
      const write = () => {
        while (!res.destroyed && res.write(CHUNK));
        res.once('drain', write);
      };
      write();
    } else if (req.url === '/api/sink') {
      req.on('data', (chunk: Buffer) => (this.received += chunk.length)).on('error', () => undefined);
    } else if (req.url === '/api/hello') {
      res.end('hello');
    }
  }
}

async function start(pool = ''): Promise<{ gateway: GatewayProcess; service: Service }> {
  const service = new Service();
  service.url = await listen(createServer((req, res) => service.handle(req, res)));
  const gateway = await spawnGateway(`
    server: { host: 127.0.0.1, port: 0, maxBodyBytes: 1GiB }
    management: { port: 0 }
    upstreams:
      api:
        url: ${service.url}
        timeout: 9s
        breaker: { consecutiveFailures: 5 }
        ${pool}
    routes: [{ id: api, match: { path: /api/** }, upstream: api }]
  `);
  return { gateway, service };
}
