import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { bareFrame, CLOSE, closeOf, FIN, frame, framesIn, TEXT } from '../support/frames.js';
import { gateway, listen } from '../support/gateway.js';
import { answersIn } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { rawUpstream } from '../support/raw-upstream.js';
import { breakwater, temporaryFile } from '../support/process.js';
import { until } from '../support/until.js';
import { handshake, switching, WebSocketClient, webSocketUpstream } from '../support/websocket.js';

const YAML = `
upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 } } }
routes: [{ id: users, match: { path: /** }, upstream: users, websocket: true }]
`;
const OPEN = 'breakwater_websocket_connections{route="users"}';
const closed = (reason: string) => `breakwater_websocket_closed_total{route="users",reason="${reason}"}`;

/** @returns an open WebSocket whose bytes both ends see as they are */
async function start() {
  let far: Socket | undefined;
  const users = rawUpstream((socket, head) => {
    far ??= socket;
    socket.write(switching(head));
  });
  const gw = await gateway(YAML).withUpstream('users', users.server).start();
  const client = await RawConnection.to(gw.url);
  client.send(handshake('GET /'));
  await client.until('\r\n\r\n');
  const behindHead = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4);
  return {
    gw,
    client,
    far: far!,
    toClient: () => behindHead(client.received),
    toUpstream: () => behindHead(users.received),
    over: (reason: string) =>
      until(`it is over: ${reason}`, async () => (await gw.metric(OPEN)) === 0 && gw.metric(closed(reason))),
  };
}

describe('a WebSocket whose client', () => {
  it('sends a close frame ends with the close frame of the upstream', async () => {
    const { client, far, toUpstream, over } = await start();
    const goodbye = frame(CLOSE, Buffer.from([0x0f, 0xa1, ...Buffer.from('bye')]));
    client.send(goodbye);
    await until('the upstream hears of it', () => toUpstream() === goodbye.toString('latin1'));
    far.end(bareFrame(CLOSE, Buffer.from([0x0f, 0xa1])));
    expect(await client.ended()).toBe('closed');
    await over('client');
  });

  it('half-closes its connection still receives messages of the upstream', async () => {
    const { client, far, toClient, over } = await start();
    const halfClosed = new Promise((resolve) => far.once('end', resolve));
    far.allowHalfOpen = true;
    client.send(frame(FIN | TEXT, 'last words'));
    client.socket.end();
    await halfClosed;
    far.write(bareFrame(FIN | TEXT, 'still here'));
    await client.until('still here');
    far.end(bareFrame(FIN | TEXT, 'end'));
    await until('all of it is here', () => framesIn(toClient()).length === 2);
    await client.ended();
    await over('client');
  });

  it('resets inside a frame ends at the upstream without a close frame', async () => {
    const { client, far, toUpstream, over } = await start();
    const half = frame(FIN | TEXT, 'half of it').subarray(0, 9);
    client.send(half);
    await until('the half is there', () => toUpstream().length === half.length);
    client.socket.resetAndDestroy();
    await until('the upstream hears of it', () => far.destroyed || far.readableEnded);
    expect(toUpstream().length).toBe(half.length);
    await over('client');
  });
});

describe('a WebSocket whose upstream', () => {
  it('sends a close frame passes code and reason on', async () => {
    const { client, far, toClient, over } = await start();
    far.write(bareFrame(CLOSE, Buffer.from([0x0f, 0xa2, ...Buffer.from('enough')])));
    await client.until('enough');
    expect(framesIn(toClient()).map(closeOf)).toEqual([{ code: 4002, reason: 'enough' }]);
    client.send(frame(CLOSE, Buffer.from([0x0f, 0xa2])));
    far.end();
    expect(await client.ended()).toBe('closed');
    await over('upstream');
  });

  it.each([
    ['ends', (far: Socket) => far.end()],
    ['is reset', (far: Socket) => far.resetAndDestroy()],
  ])('%s inside a frame ends at the client without a close frame', async (_, end) => {
    const { client, far, toClient, over } = await start();
    const half = bareFrame(FIN | TEXT, 'half of it').subarray(0, 5);
    far.write(half);
    await until('the half is here', () => toClient().length === half.length);
    end(far);
    await client.ended();
    expect(toClient().length).toBe(half.length);
    await over('upstream');
  });

  it('half-closes its connection still receives messages of the client', async () => {
    const { client, far, toUpstream, over } = await start();
    client.socket.allowHalfOpen = true;
    far.end();
    await until('the client hears of it', () => client.socket.readableEnded);
    client.socket.end(frame(FIN | TEXT, 'last words'));
    expect(await client.ended()).toBe('closed');
    await over('upstream');
    expect(framesIn(toUpstream()).map(({ payload }) => payload.toString())).toEqual(['last words']);
  });
});

describe('a rejected handshake', () => {
  it.each([200, 204, 304, 404, 426, 500])('with %s is answered even if bytes follow it', async (status) => {
    const body = status === 204 || status === 304 ? '' : 'no';
    const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
    const users = rawUpstream(`HTTP/1.1 ${status} Declined\r\n${length}\r\n${body}`);
    const gw = await gateway(YAML).withUpstream('users', users.server).start();
    const client = await RawConnection.to(gw.url);
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n';
    client.socket.on('error', () => undefined);
    client.send(handshake('GET /chat') + smuggled.repeat(1000));
    // More than the sockets on the way hold, so that a gateway that closes at once resets the connection.
    client.send(smuggled.repeat(20_000));
    expect(await client.ended()).toBe('closed');
    const [answer, ...more] = answersIn(client.received);
    expect(more).toEqual([]);
    expect(answer).toMatchObject({ status, body });
    expect(answer?.headers['connection']).toEqual(['close']);
    expect(users.received.match(/GET /g)).toHaveLength(1);
    expect(users.received).not.toContain('/smuggled');
  });
});

describe('a gateway that shuts down', { timeout: 60_000 }, () => {
  it('also closes WebSockets that open during the shutdown', async () => {
    let agree: (() => void) | undefined;
    const users = rawUpstream((socket, head) => (agree = () => socket.write(switching(head))));
    const gw = await gateway(YAML).withUpstream('users', users.server).start();
    const client = await RawConnection.to(gw.url);
    client.send(handshake('GET /'));
    await until('the upstream is asked', () => agree);
    const shutdown = gw.gateway.shutdown({ delay: 0, drain: 10_000 });
    const server = gw.gateway.app.getHttpServer();
    await until('the gateway takes no more connections', () => !server.listening);
    agree?.();
    expect(await client.until('going away')).toMatch(/^HTTP\/1\.1 101 /);
    client.socket.end();
    await shutdown;
  });

  it('closes WebSockets with 1001 on both sides, logs each and exits with 0', async () => {
    const ended: number[] = [];
    const { server } = webSocketUpstream((socket) => {
      socket.on('message', (data) => socket.send(data.toString()));
      socket.on('close', (code) => ended.push(code));
    });
    const text = `
server: { host: 127.0.0.1, port: 0, shutdown: { delay: 0, drain: 20s } }
management: { port: 0 }
${YAML.replace('${USERS_URL}', await listen(server))}`;
    const process = breakwater(['start', '-c', await temporaryFile('gateway.yaml', text)]);
    const { url } = await process.json(({ msg }) => msg === 'listening');
    const clients = await Promise.all([1, 2].map(() => WebSocketClient.open(String(url))));
    clients[0]?.socket.send('hello');
    await until('it is back', () => clients[0]?.messages.length);
    process.kill('SIGTERM');
    await until('both are closed', () => clients.every((each) => each.closed));
    const told = { code: 1001, reason: 'going away' };
    expect(clients.map((each) => each.closed)).toEqual([told, told]);
    expect(await process.exited).toBe(0);
    expect(ended).toEqual([1001, 1001]);
    const lines = process.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const logged = lines.filter(({ msg }) => msg === 'websocket closed');
    expect(logged).toHaveLength(2);
    expect(logged).toContainEqual(
      expect.objectContaining({
        route: 'users',
        requestId: expect.any(String),
        reason: 'drain',
        durationMs: expect.any(Number),
        bytesFromClient: 11,
        bytesFromUpstream: 7,
      }),
    );
  });
});
