import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Address } from '../../src/modules/upstream/dns/resolver.js';
import { gateway, listen } from '../support/gateway.js';
import { until } from '../support/until.js';
import { WebSocketClient, webSocketUpstream } from '../support/websocket.js';

const YAML = (more = '') => `
upstreams:
  users: { url: "http://users.test:\${PORT}", retry: { attempts: 0 }, breaker: { consecutiveFailures: 3, openFor: 1m }, ${more} }
  orders: { url: "\${ORDERS_URL}" }
routes:
  - { id: users, match: { path: /users/** }, upstream: users, websocket: true }
  - { id: orders, match: { path: /orders }, upstream: orders }
`;

/** Two servers on one port of two loopback addresses; each answers with its name. */
async function twoServers() {
  const held: ServerResponse[] = [];
  const sockets = { first: new Set<Socket>(), second: new Set<Socket>() };
  const serve = (name: 'first' | 'second') => {
    const server = createServer((req, res) => {
      if (req.url === '/users/held') held.push(res);
      else res.end(name);
    });
    // So long that no idle connection closes by itself.
    server.keepAliveTimeout = 60_000;
    webSocketUpstream(undefined, { server });
    server.on('connection', (socket) => {
      sockets[name].add(socket);
      socket.once('close', () => sockets[name].delete(socket));
    });
    return server;
  };
  const port = new URL(await listen(serve('first'))).port;
  const second = serve('second');
  await new Promise<void>((resolve) => second.listen(Number(port), '127.0.0.2', resolve));
  onTestFinished(() => {
    second.close();
    second.closeAllConnections();
  });
  expect((second.address() as AddressInfo).address).toBe('127.0.0.2');
  return { port, held, sockets };
}

const FIRST: Address = { address: '127.0.0.1', family: 4 };
const SECOND: Address = { address: '127.0.0.2', family: 4 };

/** @param refreshMs interval of look-ups, short by default */
async function start(first: Address[] | Error, { more = '', refreshMs = 30 } = {}) {
  const servers = await twoServers();
  const dns = { answer: first, asked: 0 };
  const gw = await gateway(YAML(more))
    .withEnv({ PORT: servers.port })
    .withUpstream('orders', (_req, res) => res.end('order'))
    .withResolver({
      refreshMs,
      resolve: async () => {
        dns.asked++;
        if (dns.answer instanceof Error) throw dns.answer;
        return dns.answer;
      },
    })
    .start();
  const refresh = async () => {
    const { asked } = dns;
    // The first look-up may already have been in flight.
    await until('the resolver was asked twice', () => dns.asked > asked + 1);
  };
  const ask = async (path = '/users/1') => {
    const response = await gw.fetch(path);
    return `${response.status} ${await response.text()}`;
  };
  return { gw, dns, refresh, ask, ...servers };
}

const failure = (code: string) => Object.assign(new Error(code), { code });

describe('an upstream whose host is a name', () => {
  it('uses a changed address and closes idle connections to the old one', async () => {
    const { dns, refresh, ask, sockets } = await start([FIRST]);
    expect([await ask(), await ask()]).toEqual(['200 first', '200 first']);
    dns.answer = [SECOND];
    await refresh();
    await until('the old connection to end', () => sockets.first.size === 0);
    expect(await ask()).toBe('200 second');
    expect(sockets.first.size).toBe(0);
  });

  it('finishes calls on the old address and closes the connection then', async () => {
    const { dns, refresh, ask, sockets, held } = await start([FIRST]);
    const pending = ask('/users/held');
    await until('the request to be there', () => held.length === 1);
    dns.answer = [SECOND];
    await refresh();
    expect(await ask()).toBe('200 second');
    held[0]?.end('at last');
    expect(await pending).toBe('200 at last');
    await until('the old connection to end', () => sockets.first.size === 0);
    expect(await ask()).toBe('200 second');
  });

  it('keeps open WebSockets to the old address', async () => {
    const { gw, dns, refresh, ask, sockets } = await start([FIRST]);
    const client = await WebSocketClient.open(`${gw.url}/users/socket`);
    dns.answer = [SECOND];
    await refresh();
    client.socket.send('still there?');
    await until('an answer', () => client.messages.length === 1);
    expect([await ask(), client.closed, sockets.first.size]).toEqual(['200 second', undefined, 1]);
  });

  it('keeps connections to unchanged addresses', async () => {
    const { dns, refresh, ask, sockets } = await start([SECOND]);
    await ask();
    const [kept] = sockets.second;
    dns.answer = [SECOND, FIRST];
    await refresh();
    dns.answer = [SECOND];
    await refresh();
    expect([await ask(), [...sockets.second][0] === kept]).toEqual(['200 second', true]);
  });

  it('keeps its last good addresses when the name no longer resolves', async () => {
    const { gw, dns, refresh, ask, sockets, port } = await start([FIRST]);
    const failures = () =>
      gw.metric(`breakwater_dns_failures_total{upstream="users",target="users.test:${port}"}`);
    expect([await ask(), await failures()]).toEqual(['200 first', 0]);
    dns.answer = failure('ESERVFAIL');
    await refresh();
    for (const socket of sockets.first) socket.destroy();
    await until('a new connection to be needed', () => sockets.first.size === 0);
    expect(await ask()).toBe('200 first');
    expect(await failures()).toBeGreaterThan(0);
    expect(await gw.metric('breakwater_bulkhead_in_flight{upstream="users"}')).toBe(0);
  });

  it('answers 502 at once for an unknown name, opens its breaker and affects no other upstream', async () => {
    const { gw, ask, dns } = await start(failure('ENOTFOUND'), { refreshMs: 60_000 });
    const codes: unknown[] = [];
    for (let i = 0; i < 4; i++)
      codes.push(((await (await gw.fetch('/users/1')).json()) as { code: string }).code);
    expect(codes).toEqual([...Array<string>(3).fill('upstream_unreachable'), 'breaker_open']);
    expect([await ask('/orders'), dns.asked]).toEqual(['200 order', 1]);
  });

  it('is reached over the other address family when the first is dead', async () => {
    // Nothing answers at this documentation address (RFC 3849).
    const { ask } = await start([{ address: '2001:db8::1', family: 6 }, FIRST]);
    expect(await ask()).toBe('200 first');
  });

  it('is probed at the address that requests are forwarded to', async () => {
    const { gw, ask } = await start([FIRST], {
      more: 'health: { path: /, interval: 50ms, failures: 1, timeout: 5s }',
    });
    expect(await ask()).toBe('200 first');
    const health = async () => ((await (await gw.management('/health')).json()) as { status: string }).status;
    await until('the probe to pass', async () => (await health()) === 'ok');
  });
});
