import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw } from '../support/http.js';
import { OpenTunnels } from '../../src/modules/websocket/open-tunnels.js';
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

const yaml = (websocket = 'true', more = '') => `
server: { shutdown: { delay: 0, drain: 5s } }
upstreams: { users: { url: "\${USERS_URL}", ${more} } }
routes: [{ id: users, match: { path: /** }, upstream: users, cache: {}, websocket: ${websocket} }]
`;
const OPEN = 'breakwater_websocket_connections{route="users"}';

async function start(onConnection?: Parameters<typeof webSocketUpstream>[0], text = yaml()) {
  const upstream = webSocketUpstream(onConnection);
  const gw = await gateway(text).withUpstream('users', upstream.server).start();
  return { upstream, gw };
}

describe('a WebSocket', () => {
  it('carries text and binary messages both ways', async () => {
    const { gw } = await start();
    const client = await WebSocketClient.open(`${gw.url}/chat`);
    client.socket.send('hello');
    client.socket.send(Buffer.from([0, 255, 10, 13]));
    await until('both are back', () => client.messages.length === 2);
    expect(client.messages).toEqual(['hello', Buffer.from([0, 255, 10, 13])]);
  });

  it('opens with the subprotocol of the upstream and the header policy of the gateway', async () => {
    const seen: Record<string, string>[] = [];
    const { gw } = await start((_, headers) => void seen.push(headers));
    const headers = { 'x-user-id': 'mallory', 'x-forwarded-for': '1.2.3.4', 'x-custom': 'yes' };
    const client = await WebSocketClient.open(gw.url, { protocols: ['chat', 'superchat'], headers });
    expect(client.socket.protocol).toBe('chat');
    expect(seen[0]).toMatchObject({ 'x-custom': 'yes', 'x-forwarded-for': '127.0.0.1' });
    expect(seen[0]).not.toHaveProperty('x-user-id');
  });

  it('carries messages that the upstream sends with its 101', async () => {
    const { gw } = await start((socket) => socket.send('welcome'));
    const client = await WebSocketClient.open(gw.url);
    await until('it is welcomed', () => client.messages.includes('welcome'));
  });

  it('passes pings and close codes both ways', async () => {
    let far: TestSocket | undefined;
    let closed: number | undefined;
    const { gw, upstream } = await start((socket) => {
      far = socket.on('close', (code) => (closed = code));
    });
    const first = await WebSocketClient.open(gw.url);
    first.socket.ping('are you there');
    await until('the ping is answered', () => first.pongs.includes('are you there'));
    first.socket.close(4001, 'bye');
    expect(await until('the upstream hears of it', () => closed)).toBe(4001);

    const second = await WebSocketClient.open(gw.url);
    await until('the upstream has it', () => upstream.sockets.has(far!));
    far!.close(4002, 'enough');
    expect(await until('the client hears of it', () => second.closed)).toEqual({
      code: 4002,
      reason: 'enough',
    });
  });

  it('is counted while it is open and as a request with status 101', async () => {
    const { gw } = await start();
    const client = await WebSocketClient.open(gw.url);
    expect(await gw.metric(OPEN)).toBe(1);
    const requests = 'breakwater_requests_total{route="users",method="GET",status="101",outcome="success"}';
    expect(await gw.metric(requests)).toBe(1);
    expect(await gw.metric('breakwater_bulkhead_in_flight{upstream="users"}')).toBe(0);
    client.socket.close();
    await until('it is gone', async () => (await gw.metric(OPEN)) === 0);
    expect(await gw.metric(requests)).toBe(1);
  });

  it('is closed at the upstream when its client disconnects', async () => {
    let closed: number | undefined;
    const { gw } = await start((socket) => void socket.on('close', (code) => (closed = code)));
    const client = await WebSocketClient.open(gw.url);
    client.socket.terminate();
    expect(await until('the upstream hears of it', () => closed)).toBe(1006);
    await until('it is gone', async () => (await gw.metric(OPEN)) === 0);
  });

  it('is closed at the client when its upstream disconnects', async () => {
    const { gw, upstream } = await start();
    const client = await WebSocketClient.open(gw.url);
    for (const socket of upstream.sockets) socket.terminate();
    expect(await until('the client hears of it', () => client.closed)).toMatchObject({ code: 1006 });
  });

  it('applies back pressure of a slow reader', async () => {
    const [size, total] = [1024 * 1024, 64];
    let sent = 0;
    const { gw } = await start((socket) => {
      const next = () => void (sent++ < total && socket.send(Buffer.alloc(size, 1), next));
      next();
    });
    const client = await WebSocketClient.open(gw.url);
    client.socket.pause();
    // What the sockets on the way do not take stays where it came from.
    await until('no more is taken', async () => {
      const before = sent;
      for (let i = 0; i < 10; i++) await gw.management('/metrics');
      return before === sent;
    });
    expect(sent).toBeLessThan(total / 2);
    client.socket.resume();
    await until('all is here', () => client.messages.length === total, 20_000);
    expect(client.messages.every((each) => each.length === size)).toBe(true);
  });

  it('is closed with 1001 after its idle timeout and not earlier', async () => {
    const { gw, upstream } = await start(undefined, yaml('{ idleTimeout: 300ms }'));
    const client = await WebSocketClient.open(gw.url);
    expect(await until('it is closed', () => client.closed)).toMatchObject({ code: 1001 });
    await until('also at the upstream', () => upstream.sockets.size === 0);
  });

  it('is closed with 1001 when the gateway shuts down', async () => {
    const { gw, upstream } = await start();
    const client = await WebSocketClient.open(gw.url);
    const shutdown = gw.gateway.shutdown();
    expect(await until('it is closed', () => client.closed)).toMatchObject({ code: 1001 });
    await shutdown;
    await until('also at the upstream', () => upstream.sockets.size === 0);
  });

  it('is closed after a frame in transit when the gateway shuts down', async () => {
    let far: Socket | undefined;
    const users = rawUpstream((socket, head) => {
      far = socket;
      socket.write(switching(head));
      socket.write(Buffer.from([0x81, 6, ...Buffer.from('hel')]));
    });
    const gw = await gateway(yaml()).withUpstream('users', users.server).start();
    const client = await RawConnection.to(gw.url);
    client.send(handshake('GET /'));
    await client.until('hel');
    gw.gateway.app.get(OpenTunnels).drain();
    far!.write(Buffer.from([...Buffer.from('lo!'), 0x81, 3, ...Buffer.from('bye')]));
    await client.ended();
    expect(client.received.endsWith('\x81\x06hello!\x88\x0c\x03\xe9going away')).toBe(true);
  });
});

describe('a route with WebSockets', () => {
  it('ignores an h2c upgrade', async () => {
    const { gw } = await start();
    const request =
      'GET /1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n';
    const [answer] = answersIn(await raw(gw.url, request));
    expect(answer?.status).toBe(200);
    expect(answer?.body).not.toMatch(/upgrade|http2/i);
  });
});
