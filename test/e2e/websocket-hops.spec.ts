import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { closedPort } from '../support/closed-port.js';
import { gateway, listen } from '../support/gateway.js';
import { answersIn, raw } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { rawUpstream } from '../support/raw-upstream.js';
import { until } from '../support/until.js';
import {
  handshake,
  switching,
  type TestSocket,
  WebSocketClient,
  webSocketUpstream,
} from '../support/websocket.js';

const yaml = (upstream = '') => `
upstreams: { users: { url: "\${USERS_URL}", ${upstream} } }
routes: [{ id: users, match: { path: /** }, upstream: users, websocket: true }]
`;

const OPEN = 'breakwater_websocket_connections{route="users"}';

/** The first target is `OTHER_URL`, the second `USERS_URL`. */
const two = (upstream = '') =>
  yaml(`balancer: round-robin, ${upstream}`).replace(
    'url: "${USERS_URL}"',
    'targets: [{ url: "${OTHER_URL}" }, { url: "${USERS_URL}" }]',
  );

/** @returns what came back */
async function exchanged(client: WebSocketClient, ...messages: (string | Buffer)[]) {
  for (const each of messages) client.socket.send(each);
  await until('all are back', () => client.messages.length === messages.length);
  return client.messages;
}

describe('a WebSocket', () => {
  const server = () => webSocketUpstream().server;

  it('carries messages of every length encoding both ways', async () => {
    const gw = await gateway(yaml()).withUpstream('users', server()).start();
    const messages = [125, 126, 65_535, 65_536, 3_000_000].map((size) => Buffer.alloc(size, 'abc'));
    const answers = await exchanged(await WebSocketClient.open(gw.url), ...messages);
    expect(messages.map((each, i) => each.equals(answers[i] as Buffer))).toEqual(messages.map(() => true));
  });

  it('carries a fragmented message with a ping between the fragments', async () => {
    const gw = await gateway(yaml()).withUpstream('users', server()).start();
    const client = await WebSocketClient.open(gw.url);
    client.socket.send('one ', { fin: false });
    client.socket.ping('now');
    client.socket.send('two ', { fin: false });
    await until('the ping is answered', () => client.pongs.includes('now'));
    expect(client.messages).toEqual([]);
    client.socket.send('three', { fin: true });
    await until('it is whole', () => client.messages.length === 1);
    expect(client.messages).toEqual(['one two three']);
  });

  it('is compressed when both sides support it', async () => {
    let far: TestSocket | undefined;
    const { server: deflating } = webSocketUpstream(
      (socket) => void (far = socket.on('message', (data) => socket.send(data.toString()))),
      { perMessageDeflate: true },
    );
    const gw = await gateway(yaml()).withUpstream('users', deflating).start();
    const client = await WebSocketClient.open(gw.url, { perMessageDeflate: true });
    expect(await exchanged(client, 'x'.repeat(100_000))).toEqual(['x'.repeat(100_000)]);
    expect([client.socket.extensions, far?.extensions]).toEqual(['permessage-deflate', 'permessage-deflate']);
  });

  it('is not compressed when only one side supports it', async () => {
    const gw = await gateway(yaml()).withUpstream('users', server()).start();
    const client = await WebSocketClient.open(gw.url, { perMessageDeflate: true });
    expect(await exchanged(client, 'plain')).toEqual(['plain']);
    expect(client.socket.extensions).toBe('');
  });
});

describe('a WebSocket to an upstream with TLS', () => {
  const authority = Authority.create();
  const pair = authority.issue('IP:127.0.0.1');
  const over = async (server: Server) => {
    const url = await listen(webSocketUpstream(undefined, { server }).server);
    return gateway(yaml(`tls: { ca: "\${CA}" }`))
      .withEnv({ USERS_URL: url.replace('http:', 'https:'), CA: authority.ca })
      .start();
  };

  it('opens', async () => {
    const gw = await over(createTlsServer(pair));
    expect(await exchanged(await WebSocketClient.open(gw.url), 'secret')).toEqual(['secret']);
  });

  it('is rejected when its certificate is not trusted', async () => {
    const url = await listen(webSocketUpstream(undefined, { server: createTlsServer(pair) }).server);
    const gw = await gateway(yaml('retry: { attempts: 0 }'))
      .withEnv({ USERS_URL: url.replace('http:', 'https:') })
      .start();
    const [answer] = answersIn(await raw(gw.url, handshake('GET /')));
    expect(answer?.status).toBe(502);
  });
});

describe('an open WebSocket', () => {
  it('holds a stream place until it closes, and no place of a call', async () => {
    const { server } = webSocketUpstream();
    const limits = 'bulkhead: { concurrent: 1, queue: 0, streams: 3 }';
    const gw = await gateway(yaml(limits)).withUpstream('users', server).start();
    const streams = () => gw.metric('breakwater_bulkhead_streams{upstream="users"}');
    const clients: WebSocketClient[] = [];
    for (let i = 0; i < 3; i++) clients.push(await WebSocketClient.open(gw.url));
    expect((await gw.fetch('/plain')).status).toBe(200);
    for (const each of clients) expect(await exchanged(each, 'hello')).toEqual(['hello']);
    const [refused] = answersIn(await raw(gw.url, handshake('GET /')));
    expect([refused?.status, await streams()]).toEqual([503, 3]);
    for (const each of clients) each.socket.terminate();
    await until('their places are free', async () => (await streams()) === 0);
  });

  it('opens at another target when the first is dead', async () => {
    const { server } = webSocketUpstream();
    const gw = await gateway(two())
      .withUpstream('users', server)
      .withEnv({ OTHER_URL: await closedPort() })
      .start();
    for (let i = 0; i < 2; i++) {
      expect(await exchanged(await WebSocketClient.open(gw.url), 'hello')).toEqual(['hello']);
    }
  });

  it('is requested once from a slow upstream', async () => {
    let asked = 0;
    const slowly = (socket: Socket, head: string) => {
      asked++;
      setTimeout(() => socket.write(switching(head)), 50);
    };
    const gw = await gateway(two('hedge: { after: 1ms }, retry: { budget: 100% }'))
      .withUpstream('users', rawUpstream(slowly).server)
      .withUpstream('other', rawUpstream(slowly).server)
      .start();
    const client = await RawConnection.to(gw.url);
    client.send(handshake('GET /'));
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 /);
    expect(asked).toBe(1);
  });
});

describe('a handshake', () => {
  it('takes a place in the bulkhead and is rejected while it is full', async () => {
    const held: Socket[] = [];
    const users = rawUpstream((socket) => void held.push(socket));
    const gw = await gateway(yaml('bulkhead: { concurrent: 1, queue: 0 }'))
      .withUpstream('users', users.server)
      .start();
    const first = await RawConnection.to(gw.url);
    first.send(handshake('GET /'));
    await until('it is under way', () => held[0]);
    const [answer] = answersIn(await raw(gw.url, handshake('GET /')));
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': ['1'] } });
    expect(answer?.body).toContain('bulkhead_full');
    first.socket.destroy();
    const inFlight = 'breakwater_bulkhead_in_flight{upstream="users"}';
    await until('its place is free', async () => (await gw.metric(inFlight)) === 0);
  });

  it('is not answered from the cache', async () => {
    const ordinary = createServer((_req, res) => res.setHeader('cache-control', 'max-age=60').end('stored'));
    const { server } = webSocketUpstream(undefined, { server: ordinary });
    const gw = await gateway(yaml().replace('websocket:', 'cache: { per: public }, websocket:'))
      .withUpstream('users', server)
      .start();
    expect(await (await gw.fetch('/')).text()).toBe('stored');
    expect((await gw.fetch('/')).headers.get('cache-status')).toContain('hit');
    expect(await exchanged(await WebSocketClient.open(gw.url), 'hello')).toEqual(['hello']);
  });

  it('is neither mirrored nor answered by a fallback', async () => {
    const asked: string[] = [];
    const other = createServer((req, res) => {
      asked.push(req.url ?? '');
      res.end();
    });
    other.on('upgrade', (req, socket) => {
      asked.push(req.url ?? '');
      socket.destroy();
    });
    const text = yaml('retry: { attempts: 0 }, fallback: { upstream: other }')
      .replace('upstreams: {', 'upstreams: { other: { url: "${OTHER_URL}" },')
      .replace('websocket:', 'mirror: { upstream: other, percent: 100% }, websocket:');
    const { server, sockets } = webSocketUpstream();
    const gw = await gateway(text).withUpstream('users', server).withUpstream('other', other).start();
    expect(await exchanged(await WebSocketClient.open(gw.url), 'hello')).toEqual(['hello']);
    await gw.fetch('/ordinary');
    await until('the mirror has it', () => asked.includes('/ordinary'));
    for (const each of sockets) each.terminate();
    await new Promise((resolve) => server.close(resolve));
    const [answer] = answersIn(await raw(gw.url, handshake('GET /')));
    expect(answer?.status).toBe(502);
    expect(asked).toEqual(['/ordinary']);
  });

  it('is not answered by the fallback response, but by the error', async () => {
    const users = rawUpstream((socket) => socket.destroy());
    const text = yaml('retry: { attempts: 0 }, fallback: { response: { status: 200, body: away } }');
    const gw = await gateway(text).withUpstream('users', users.server).start();
    const [answer] = answersIn(await raw(gw.url, handshake('GET /')));
    expect(answer?.status).toBe(502);
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ code: 'upstream_reset' });
  });

  it('is answered with the response headers of the route', async () => {
    const users = rawUpstream((socket, head) =>
      socket.write(switching(head, 'X-Powered-By: PHP', 'X-Kept: yes')),
    );
    const rules = 'headers: { response: { set: { x-set: "1" }, remove: [x-powered-by] } }, websocket:';
    const gw = await gateway(yaml().replace('websocket:', rules)).withUpstream('users', users.server).start();
    const client = await RawConnection.to(gw.url);
    client.send(handshake('GET /'));
    const head = await client.until('\r\n\r\n');
    expect(head).toMatch(/^x-set: 1\r$/im);
    expect(head).toMatch(/^x-kept: yes\r$/im);
    expect(head).not.toMatch(/^x-powered-by/im);
  });

  it.each([
    ['is reset', (socket: Socket) => socket.resetAndDestroy()],
    ['ends', (socket: Socket) => socket.end()],
  ])('releases all resources when its client %s while it waits', async (_, leave) => {
    let far: Socket | undefined;
    const users = rawUpstream((socket) => (far = socket));
    const gw = await gateway(yaml('breaker: { consecutiveFailures: 1 }'))
      .withUpstream('users', users.server)
      .start();
    const client = await RawConnection.to(gw.url);
    client.send(handshake('GET /'));
    const socket = await until('the upstream is asked', () => far);
    leave(client.socket);
    await until('the upstream is rid of it', () => socket.destroyed);
    const given = 'breakwater_upstream_requests_total{upstream="users",outcome="client_gone"}';
    await until('the call is given up', () => gw.metric(given));
    await until('none is open', async () => (await gw.metric(OPEN)) === 0);
    expect(await gw.metric('breakwater_bulkhead_in_flight{upstream="users"}')).toBe(0);
    expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(0);
  });
});
