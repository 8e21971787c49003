import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../src/common/errors/outcomes.js';
import { ExchangeMiddleware } from '../../src/modules/routing/exchange.middleware.js';
import { UpstreamRegistry } from '../../src/modules/upstream/upstream.registry.js';
import { gateway, listen } from '../support/gateway.js';
import { answersIn, requestHead } from '../support/http.js';
import { spawnGateway } from '../support/process.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

/** One failure would open the breaker. */
const YAML = `
upstreams: { users: { url: "\${USERS_URL}", breaker: { consecutiveFailures: 1 } } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;
const EVENTS = { 'content-type': 'text/event-stream; charset=utf-8' };
const REQUEST = requestHead('GET /events');

interface Stream {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

async function start(headers: Record<string, string>, request = REQUEST) {
  const streams: Stream[] = [];
  const server = createServer((req, res) => {
    streams.push({ req, res });
    res.writeHead(200, headers).write('data: 1\n\n');
  });
  const gw = await gateway(YAML).withUpstream('users', server).start();
  const client = await RawConnection.to(gw.url);
  client.send(request);
  await client.until('data: 1\n\n');
  return { gw, client, stream: streams[0]! };
}

it('continues an event stream while the gateway drains, until its upstream ends it', async () => {
  const { gw, client, stream } = await start(EVENTS);
  const shutdown = gw.gateway.shutdown({ delay: 0, drain: 60_000 });
  await until('it is told', async () => (await gw.management('/health/ready')).status === 503);
  stream.res.write('data: 2\n\n');
  await client.until('data: 2\n\n');
  stream.res.end('data: 3\n\n');
  await shutdown;
  expect(await client.ended()).toBe('closed');
  expect(answersIn(client.received)).toMatchObject([{ body: 'data: 1\n\ndata: 2\n\ndata: 3\n\n' }]);
});

describe('an event stream at the end of a drain', () => {
  it('is completed, so that its client reconnects elsewhere', async () => {
    const { gw, client, stream } = await start(EVENTS);
    stream.res.write('data: 2\n\n');
    await client.until('data: 2\n\n');
    expect(client.received).not.toContain('\r\n0\r\n\r\n');
    await gw.gateway.shutdown({ delay: 0, drain: 0 });
    expect(await client.ended()).toBe('closed');
    expect(answersIn(client.received)).toMatchObject([{ status: 200, body: 'data: 1\n\ndata: 2\n\n' }]);
    await until('the upstream is rid of it', () => stream.req.destroyed);
  });

  it('counts as a success without a vote against its upstream', async () => {
    const { gw, client } = await start(EVENTS);
    const { app } = gw.gateway;
    const users = app.get(UpstreamRegistry).get('users');
    const outcomes: unknown[] = [];
    app.get(ExchangeMiddleware).finished.on(({ outcome }) => outcomes.push(outcome));
    users.tryEnded.on(({ outcome }) => outcomes.push(OUTCOMES[outcome].vote));
    await gw.gateway.shutdown({ delay: 0, drain: 0 });
    expect(await client.ended()).toBe('closed');
    expect(outcomes).toEqual(expect.arrayContaining(['success', 'neutral']));
    expect(outcomes).toHaveLength(2);
  });

  it('is not waited for when its client does not read', async () => {
    const { gw, client, stream } = await start(EVENTS);
    client.socket.pause();
    const flood = Buffer.alloc(1_000_000, 'x');
    for (let i = 0; i < 20; i++) stream.res.write(flood);
    let sent = -1;
    await until('nobody takes any more of it', () => {
      const before = sent;
      sent = stream.req.socket.bytesWritten;
      return sent === before;
    });
    await gw.gateway.shutdown({ delay: 0, drain: 0 });
    client.socket.resume();
    expect(await client.ended()).toBe('closed');
  });

  it.each([
    ['compressed, since half of that is broken', { ...EVENTS, 'content-encoding': 'gzip' }],
    ['of an announced length', { ...EVENTS, 'content-length': '99' }],
    ['no event stream', { 'content-type': 'text/plain' }],
    ['without a type', {}],
  ])('is aborted when it is %s', async (_, headers) => {
    const { gw, client } = await start(headers);
    await gw.gateway.shutdown({ delay: 0, drain: 0 });
    await client.ended();
    expect(client.received).toMatch(/data: 1\n\n(\r\n)?$/);
  });

  it.each([
    ['ended for a client of HTTP/1.0', EVENTS, 'closed'],
    ['reset for one when it is no event stream', { 'content-type': 'text/plain' }, 'reset'],
  ])('is %s', async (_, headers, how) => {
    const { gw, client } = await start(headers, 'GET /events HTTP/1.0\r\n\r\n');
    await gw.gateway.shutdown({ delay: 0, drain: 0 });
    expect(await client.ended()).toBe(how);
  });
});

describe('a gateway process after SIGTERM', { timeout: 60_000 }, () => {
  it('completes event streams after `drain` and cuts other responses', async () => {
    const url = await listen(
      createServer((req, res) => {
        res.writeHead(200, req.url === '/api/events' ? EVENTS : {}).write('data: 1\n\n');
      }),
    );
    const { process, url: gatewayUrl } = await spawnGateway(`
      server: { host: 127.0.0.1, port: 0, shutdown: { delay: 0s, drain: 500ms } }
      management: { port: 0 }
      upstreams: { api: { url: "${url}" } }
      routes: [{ id: api, match: { path: /api/** }, upstream: api }]
    `);
    const [events, other] = [await RawConnection.to(gatewayUrl), await RawConnection.to(gatewayUrl)];
    events.send(requestHead('GET /api/events'));
    other.send(requestHead('GET /api/other'));
    await Promise.all([events.until('data: 1'), other.until('data: 1')]);
    process.kill('SIGTERM');
    expect(await process.exited).toBe(0);
    await Promise.all([events.ended(), other.ended()]);
    expect(answersIn(events.received)).toMatchObject([{ status: 200, body: 'data: 1\n\n' }]);
    expect(other.received.endsWith('data: 1\n\n\r\n')).toBe(true);
  });
});
