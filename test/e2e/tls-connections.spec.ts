import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Authority } from '../support/certificates.js';
import { gateway } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { fetchTls, handshake } from '../support/tls-client.js';
import { until } from '../support/until.js';
import { WebSocketClient, webSocketUpstream } from '../support/websocket.js';

const authority = Authority.create();
const own = authority.issue('DNS:gateway.test', 'IP:127.0.0.1');
const ca = authority.ca;

const yaml = (server = '') => `
server: { ${server} tls: { cert: "\${CERT}", key: "\${KEY}" } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users, websocket: true }]`;

const builder = (server?: string) => gateway(yaml(server)).withEnv({ CERT: own.cert, KEY: own.key });

/** Sends bytes over TLS. @returns what comes back until the connection ends */
async function rawTls(url: string, bytes: string): Promise<string> {
  const socket = await handshake(url, { ca });
  let received = '';
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.on('error', () => undefined).on('close', () => (isClosed = true));
  socket.write(bytes);
  await until('the connection is closed', () => isClosed);
  return received;
}

describe('a connection whose TLS handshake is not complete', () => {
  async function start() {
    const held = Promise.withResolvers<ServerResponse>();
    const text = yaml().replace('"${KEY}"', '"${KEY}", handshakeTimeout: 1h');
    const gw = await gateway(text)
      .withEnv({ CERT: own.cert, KEY: own.key })
      .withUpstream('users', (_req, res) => held.resolve(res))
      .start();
    const client = connect(Number(new URL(gw.url).port), '127.0.0.1');
    onTestFinished(() => void client.destroy());
    const closed = once(client, 'close');
    // The first bytes of a ClientHello.
    client.on('error', () => undefined).write('\x16\x03\x01\x02\x00');
    await until('the gateway has it', () => gw.metric('breakwater_connections'));
    return { gw, held, closed };
  }

  it('ends when a drain begins, which finishes the requests in flight', async () => {
    const { gw, held, closed } = await start();
    const inFlight = fetchTls(`${gw.url}/1`, { ca });
    const response = await held.promise;
    const drained = gw.gateway.shutdown({ delay: 0, drain: 60_000 });
    await closed;
    response.end('fine');
    expect(await inFlight).toMatchObject({ status: 200, body: 'fine' });
    await drained;
  });

  it('ends when the gateway does', async () => {
    const { gw, closed } = await start();
    await gw.gateway.close();
    await expect(closed).resolves.toEqual([expect.any(Boolean)]);
  });
});

describe('a connection with TLS', () => {
  it('can become a WebSocket', async () => {
    const { server } = webSocketUpstream();
    const gw = await builder().withUpstream('users', server).start();
    const client = await WebSocketClient.open(gw.url, { ca });
    client.socket.send('hello');
    await until('it is back', () => client.messages.length > 0);
    expect(client.messages).toEqual(['hello']);
  });

  it('carries large bodies in both directions', async () => {
    const size = 8 * 1024 * 1024;
    const gw = await builder()
      .withUpstream('users', (req, res) => void req.pipe(res))
      .start();
    const response = await new Promise<number>((resolve, reject) => {
      void import('node:https').then(({ request }) => {
        const req = request(`${gw.url}/1`, { method: 'POST', ca, agent: false }, (res) => {
          let bytes = 0;
          res.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('end', () => resolve(bytes));
        });
        req.on('error', reject).end(Buffer.alloc(size));
      });
    });
    expect(response).toBe(size);
  });

  it.each([
    ['a malformed head', requestHead('GET /', 'X-A : b'), 400],
    ['a head that is too slow', 'GET / HTTP/1.1\r\nX-Half', 408],
  ])('is answered and closed after %s', async (_, bytes, status) => {
    const gw = await builder('headersTimeout: 300ms,')
      .withUpstream('users', (_req, res) => void res.end())
      .start();
    expect(await rawTls(gw.url, bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    const series = `breakwater_requests_total{route="none",method="OTHER",status="${status}",outcome="rejected"}`;
    expect(await gw.metric(series)).toBe(1);
  });

  it('of HTTP/1.0 is cut when the upstream dies, and the gateway keeps running', async () => {
    const gw = await builder()
      .withUpstream('users', (req, res) => {
        if (req.url === '/well') res.end('well');
        else res.write('half', () => res.destroy());
      })
      .start();
    expect(await rawTls(gw.url, 'GET /dies HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
    expect((await fetchTls(`${gw.url}/well`, { ca })).body).toBe('well');
  });
});
