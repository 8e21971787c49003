import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createGzip, gunzipSync } from 'node:zlib';
import { gateway } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

/** One failure would open the breaker. */
const yaml = (route = '') => `
upstreams: { users: { url: "\${USERS_URL}", breaker: { consecutiveFailures: 1 }, bulkhead: { concurrent: 60 } } }
routes: [{ id: users, match: { path: /** }, upstream: users, ${route} }]
`;
const EVENTS = { 'content-type': 'text/event-stream' };

interface Stream {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** @returns a gateway and the open streams of its upstream */
async function start(headers: Record<string, string>, route = '') {
  const streams: Stream[] = [];
  const server = createServer((req, res) => {
    if (req.url === '/after') res.end('fine');
    else streams.push({ req, res: res.writeHead(200, headers) });
  });
  const gw = await gateway(yaml(route)).withUpstream('users', server).start();
  return { gw, server, streams };
}

/** @returns the body so far, without its chunk framing */
function bodyOf(received: string): Buffer {
  const body = Buffer.from(received.slice(received.indexOf('\r\n\r\n') + 4), 'latin1');
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, end), 16);
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(parts);
}

describe('an event', () => {
  it.each([
    ['as it is', EVENTS, ''],
    ['on a route with a cache', { ...EVENTS, 'cache-control': 'max-age=60' }, 'cache: { per: public }'],
    ['on a route that changes headers', EVENTS, 'headers: { response: { set: { x-a: b } } }'],
  ])('reaches the client before the next one: %s', async (_, headers, route) => {
    const { gw, streams } = await start(headers, route);
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('GET /events', 'Connection: close'));
    const { res } = await until('the upstream has the request', () => streams[0]);
    for (const event of ['data: 1\n\n', 'data: 2\n\n', ': still here\n\n']) {
      res.write(event);
      await client.until(event);
    }
    res.end();
    await client.ended();
  });

  it('reaches the client at once and unchanged when it is compressed', async () => {
    const { gw, streams } = await start({ ...EVENTS, 'content-encoding': 'gzip' });
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('GET /events', 'Accept-Encoding: gzip', 'Connection: close'));
    const { res } = await until('the upstream has the request', () => streams[0]);
    const gzip = createGzip();
    gzip.pipe(res);
    const sent: Buffer[] = [];
    gzip.on('data', (chunk: Buffer) => sent.push(chunk));
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      gzip.write(event);
      await new Promise<void>((resolve) => gzip.flush(resolve));
      const all = Buffer.concat(sent);
      await until('all of it is here', () => all.equals(bodyOf(client.received)));
    }
    gzip.end();
    await client.ended();
    expect(client.received).toMatch(/^content-encoding: gzip\r$/im);
    expect(gunzipSync(bodyOf(client.received)).toString()).toBe('data: 1\n\ndata: 2\n\n');
  });
});

describe('clients of event streams that disconnect', () => {
  it('abort their upstream calls within a second and release all resources', async () => {
    const { gw, server, streams } = await start(EVENTS);
    const clients = await Promise.all(Array.from({ length: 50 }, () => RawConnection.to(gw.url)));
    for (const client of clients) client.send(requestHead('GET /events'));
    await until('all are under way', () => streams.length === 50);
    for (const { res } of streams) res.write('data: hello\n\n');
    await Promise.all(clients.map((client) => client.until('hello')));
    for (const [i, { socket }] of clients.entries()) {
      if (i % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
    await until('the upstream is rid of them', () => streams.every(({ req }) => req.destroyed));
    const connections = () =>
      new Promise<number>((resolve) => server.getConnections((_, open) => resolve(open)));
    await until('no connection is left', async () => (await connections()) === 0);
    const upstream = 'upstream="users"';
    expect(await gw.metric(`breakwater_upstream_requests_total{${upstream},outcome="client_gone"}`)).toBe(50);
    expect(await gw.metric(`breakwater_bulkhead_in_flight{${upstream}}`)).toBe(0);
    expect(await gw.metric(`breakwater_breaker_state{${upstream}}`)).toBe(0);
    expect(await (await gw.fetch('/after')).text()).toBe('fine');
  });
});

/** @returns the kind of timer that the kernel runs for a connection: 02 is that of keep-alive probes */
async function timerOf(localPort: number, remotePort: number): Promise<string | undefined> {
  const end = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = (await readFile('/proc/net/tcp', 'latin1')).split('\n');
  const fields = lines.map((line) => line.trim().split(/\s+/));
  const isIt = ([, local, remote]: string[]) =>
    local?.endsWith(end(localPort)) && remote?.endsWith(end(remotePort));
  return fields.find(isIt)?.[5]?.slice(0, 2);
}

it.skipIf(process.platform !== 'linux')(
  'a client that is gone without a word is noticed by TCP',
  async () => {
    const { gw, streams } = await start(EVENTS);
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('GET /events'));
    const { res } = await until('the upstream has the request', () => streams[0]);
    res.write('data: hello\n\n');
    await client.until('hello');
    const { localPort = 0, remotePort = 0 } = client.socket;
    await until('the connection is probed', async () => (await timerOf(remotePort, localPort)) === '02');
  },
);
