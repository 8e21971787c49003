import { readFile } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  request,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { metric } from '../support/metrics.js';
import { until } from '../support/until.js';

const ESTABLISHED = '01';
const CLOSE_WAIT = '08';

/** The sockets of other processes are visible only on Linux. */
const canCountSockets = process.platform === 'linux';

/** @returns how many connections to a local port are still open on their client side */
async function connectionsTo(url: string): Promise<number> {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0');
  const table = await readFile('/proc/net/tcp', 'utf8');
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, , remote, state]) =>
        remote?.endsWith(`:${port}`) && (state === ESTABLISHED || state === CLOSE_WAIT),
    ).length;
}

const ABORTS = 50;
const CHUNK = Buffer.alloc(64 * 1024, 'x');

/** Counts what it has open. It never answers `/silent`, never ends `/endless`, and reads `/sink` without an answer. */
class Service {
  url = '';
  open = 0;
  requests = 0;
  received = 0;

  readonly server = createServer((req, res) => this.handle(req, res));

  private handle(req: IncomingMessage, res: ServerResponse): void {
    this.requests++;
    this.open++;
    res.on('close', () => this.open--);
    if (req.url?.endsWith('/endless')) {
      const write = () => {
        while (!res.destroyed && res.write(CHUNK));
        res.once('drain', write);
      };
      write();
    } else if (req.url?.endsWith('/sink')) {
      req.on('data', (chunk: Buffer) => (this.received += chunk.length)).on('error', () => undefined);
    } else if (req.url?.endsWith('/hello')) {
      res.end('hello');
    }
  }
}

interface Client {
  readonly req: ReturnType<typeof request>;
  received: number;
}

/** Starts requests, each on a connection of its own. */
function startClients(url: string, options: RequestOptions = {}, count = ABORTS): Client[] {
  return Array.from({ length: count }, () => {
    const req = request(url, { ...options, agent: false });
    const client = { req, received: 0 };
    // A client that leaves gets an error of its own making.
    req.on('error', () => undefined);
    req.on('response', (res) => {
      res.on('error', () => undefined);
      // Reads a part and no more, so that the gateway has bytes to discard when the client leaves.
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
  await until('the service has no call left', () => service.open === 0);
  // The connection of an aborted call cannot be reused, so none may be left.
  await until('the connections are closed', async () => (await connectionsTo(service.url)) === 0);
}

/** One gateway with an upstream of its own for each test, which is also the name of its route. */
describe.skipIf(!canCountSockets)('a client that leaves aborts the upstream call without a vote', () => {
  const services = {
    silent: new Service(),
    endless: new Service(),
    length: new Service(),
    chunked: new Service(),
    pooled: new Service(),
  };
  type Id = keyof typeof services;
  const upstreams = Object.keys(services).map((id) => {
    const pool = id === 'pooled' ? ', pool: { connections: 1 }' : '';
    return `${id}: { url: "\${${id.toUpperCase()}_URL}", timeout: 20s, breaker: { consecutiveFailures: 5 }${pool} }`;
  });
  const routes = Object.keys(services).map(
    (id) => `{ id: ${id}, match: { path: /${id}/** }, upstream: ${id} }`,
  );
  const builder = gateway(`
    server: { maxBodyBytes: 1GiB }
    upstreams: { ${upstreams.join(', ')} }
    routes: [${routes.join(', ')}]
  `);
  for (const [id, { server }] of Object.entries(services)) builder.withUpstream(id, server);
  const gw = builder.startOnce();

  const read = (name: string, labels: Record<string, string>) =>
    metric(gw.gateway.managementUrl, name, labels);
  const gone = (route: Id) =>
    read('breakwater_requests_total', { route, outcome: 'client_gone', status: '499' });
  const serviceOf = (id: Id) => {
    const service = services[id];
    service.url = gw.urlOf(id);
    return service;
  };

  /** Ten times as many calls as failures that open the breaker. */
  async function expectNoVote(upstream: Id, aborts = ABORTS, made = aborts): Promise<void> {
    await until('the requests are counted', async () => (await gone(upstream)) === aborts);
    const calls = 'breakwater_upstream_requests_total';
    expect(await read(calls, { upstream, outcome: 'client_gone' })).toBe(made);
    expect(await read(calls, { upstream })).toBe(made);
    expect(await read('breakwater_breaker_state', { upstream })).toBe(0);
    expect(await read('breakwater_breaker_transitions_total', { upstream })).toBe(0);
    expect(await (await gw.fetch(`/${upstream}/hello`)).text()).toBe('hello');
  }

  it('while it waits for a response', async () => {
    const service = serviceOf('silent');
    const clients = startClients(`${gw.url}/silent/silent`);
    await until('every request is at the service', () => service.open === ABORTS);
    await leave(clients, service);
    await expectNoVote('silent');
  });

  it('while it downloads', async () => {
    const service = serviceOf('endless');
    const clients = startClients(`${gw.url}/endless/endless`);
    await until('every client has a part', () => clients.every((each) => each.received > 0));
    await leave(clients, service);
    await expectNoVote('endless');
  });

  it.each([
    ['length', { 'content-length': '1000000000' }],
    ['chunked', { 'transfer-encoding': 'chunked' }],
  ] as const)('while it uploads a body framed by %s', async (id, headers) => {
    const service = serviceOf(id);
    const clients = startClients(`${gw.url}/${id}/sink`, { method: 'POST', headers });
    for (const { req } of clients) req.write(CHUNK);
    await until(
      'the service has a part of each',
      () => service.open === ABORTS && service.received >= ABORTS * CHUNK.length,
    );
    await leave(clients, service);
    await expectNoVote(id);
  });

  it('while it waits for a connection to the service, which never sees the request', async () => {
    const service = serviceOf('pooled');
    const first = startClients(`${gw.url}/pooled/silent`, {}, 1);
    await until('the only connection is taken', () => service.open === 1);
    const clients = startClients(`${gw.url}/pooled/silent`);
    await until('the gateway has all of them', async () => (await connectionsTo(gw.url)) > ABORTS);
    for (const each of clients) each.req.destroy();
    await until('all are over', async () => (await gone('pooled')) === ABORTS);
    await leave(first, service);

    expect(service.requests).toBe(1);
    await expectNoVote('pooled', ABORTS + 1, 1);
  });
});
