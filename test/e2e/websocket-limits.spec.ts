import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  BINARY,
  CLOSE,
  closeOf,
  FIN,
  frame,
  frameHead,
  framesIn,
  MORE,
  PING,
  TEXT,
} from '../support/frames.js';
import { gateway, listen } from '../support/gateway.js';
import { RawConnection } from '../support/raw-connection.js';
import { rawUpstream } from '../support/raw-upstream.js';
import { bearer, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';
import { handshake, switching, WebSocketClient, webSocketUpstream } from '../support/websocket.js';

const yaml = (websocket: string, clockSkew = '0s') => `
auth: { main: { secret: "${SECRET}", algorithms: [HS256], clockSkew: ${clockSkew} } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: users, match: { path: /** }, upstream: users, websocket: ${websocket}, auth: none }
  - { id: mine, match: { path: /mine }, upstream: users, websocket: ${websocket} }
  - { id: lasting, match: { path: /lasting }, upstream: users, websocket: { closeOnExpiry: false } }
`;
const closed = (reason: string, route = 'users') =>
  `breakwater_websocket_closed_total{route="${route}",reason="${reason}"}`;

interface Ended {
  code: number;
  reason: string;
}

async function start(websocket = 'true', clockSkew?: string) {
  const ended: Ended[] = [];
  const { server } = webSocketUpstream((socket) => {
    socket.on('message', (data, isBinary) => socket.send(isBinary ? data : data.toString()));
    socket.on('close', (code, reason) => ended.push({ code, reason: reason.toString() }));
  });
  const gw = await gateway(yaml(websocket, clockSkew)).withUpstream('users', server).start();
  const connect = (path = '/', headers = {}) => WebSocketClient.open(gw.url + path, { headers });
  return { gw, connect, ended };
}

/** @returns a tunnel whose bytes both ends see as they are */
async function startRaw(websocket = 'true') {
  const users = rawUpstream((socket, head) => socket.write(switching(head)));
  const gw = await gateway(yaml(websocket)).withUpstream('users', users.server).start();
  const client = await RawConnection.to(gw.url);
  client.send(handshake('GET /'));
  await client.until('\r\n\r\n');
  const behindHead = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4);
  return {
    gw,
    client,
    toClient: () => framesIn(behindHead(client.received)),
    toUpstream: () => framesIn(behindHead(users.received)),
  };
}

/** Milliseconds in which a busy machine opens two WebSockets. */
const SOON = 2500;

/** Seconds since the epoch, with a fraction. */
const inMs = (ms: number) => (Date.now() + ms) / 1000;

describe('a WebSocket whose token expires', () => {
  it('is closed with 1008 on both sides unless the route keeps it open', async () => {
    const { gw, connect, ended } = await start();
    const headers = bearer({ exp: inMs(SOON) });
    const [mine, lasting] = [await connect('/mine', headers), await connect('/lasting', headers)];
    const reason = { code: 1008, reason: 'token expired' };
    expect(await until('it is closed', () => mine.closed)).toEqual(reason);
    await until('the upstream hears of it', () => ended.length);
    expect(ended).toEqual([reason]);
    expect(await gw.metric(closed('token_expired', 'mine'))).toBe(1);
    lasting.socket.send('still here');
    await until('the other one is open', () => lasting.messages.includes('still here'));
  });

  it('stays open within the clock skew', async () => {
    const { connect } = await start('true', `${SOON}ms`);
    const client = await connect('/mine', bearer({ exp: inMs(-100) }));
    client.socket.send('within the skew');
    await until('it is open', () => client.messages.includes('within the skew'));
    expect(await until('it is closed', () => client.closed)).toMatchObject({ code: 1008 });
  });

  it('stays open when introspection reports no expiry', async () => {
    const idp = await listen(createServer((_req, res) => res.end('{"active":true,"sub":"alice"}')));
    const introspection = `{ url: "${idp}", clientId: gw, clientSecret: secret, maxAge: 1ms }`;
    const opaque = `clockSkew: 0s }, opaque: { clockSkew: 0s, introspection: ${introspection} } }`;
    const { server } = webSocketUpstream();
    const gw = await gateway(yaml('true').replace('clockSkew: 0s } }', opaque))
      .withUpstream('users', server)
      .start();
    const open = (headers: Record<string, string>) => WebSocketClient.open(`${gw.url}/mine`, { headers });
    const lasting = await open({ authorization: 'Bearer opaque' });
    const other = await open(bearer({ exp: inMs(SOON) }));
    await until('the other one is closed', () => other.closed);
    lasting.socket.send('still here');
    await until('it is open', () => lasting.messages.includes('still here'));
  });

  it('stays open when the token expires later than the longest timer', async () => {
    const { connect } = await start();
    const client = await connect('/mine', bearer({ exp: 253_402_300_799 }));
    client.socket.send('for ever');
    await until('it is open', () => client.messages.includes('for ever'));
  });
});

describe('a message above the limit', () => {
  it.each([
    ['of a client, in one frame', (client: WebSocketClient) => client.socket.send(Buffer.alloc(1001))],
    ['of an upstream', (client: WebSocketClient) => client.socket.send('grow')],
  ])('%s closes both sides with 1009', async (_, send) => {
    const ended: Ended[] = [];
    const { server, sockets } = webSocketUpstream((socket) => {
      socket.on('message', () => socket.send(Buffer.alloc(1001)));
      socket.on('close', (code, reason) => ended.push({ code, reason: reason.toString() }));
    });
    const gw = await gateway(yaml('{ maxMessageBytes: 1000B }')).withUpstream('users', server).start();
    const client = await WebSocketClient.open(gw.url);
    send(client);
    const reason = { code: 1009, reason: 'message too big' };
    expect(await until('it is closed', () => client.closed)).toEqual(reason);
    expect(client.messages).toEqual([]);
    await until('also at the upstream', () => sockets.size === 0);
    expect(ended).toEqual([reason]);
    expect(await gw.metric(closed('message_too_big'))).toBe(1);
  });

  it('is rejected by its frame header, which the upstream does not see', async () => {
    const { client, toClient, toUpstream } = await startRaw();
    const small = frame(FIN | TEXT, 'small');
    client.send(Buffer.concat([small, frameHead(FIN | BINARY, 1024 ** 3)]));
    await client.ended();
    expect(toClient().map(closeOf)).toEqual([{ code: 1009, reason: 'message too big' }]);
    const [first, last, ...more] = toUpstream();
    expect(more).toEqual([]);
    expect(first?.payload.toString()).toBe('small');
    expect(last).toMatchObject({ first: CLOSE, isMasked: true });
    expect(closeOf(last!)).toEqual({ code: 1009, reason: 'message too big' });
  });

  it('is rejected in fragments as well', async () => {
    const { client, toClient, toUpstream } = await startRaw('{ maxMessageBytes: 10B }');
    client.send(Buffer.concat([frame(TEXT, '12345'), frame(PING), frame(MORE, '12345'), frame(MORE, '1')]));
    await client.ended();
    expect(toClient().map(closeOf)).toEqual([{ code: 1009, reason: 'message too big' }]);
    expect(toUpstream().map(({ first }) => first)).toEqual([TEXT, PING, MORE, CLOSE]);
  });

  it('passes when it is at the limit, as does the next one', async () => {
    const { connect } = await start('{ maxMessageBytes: 1000B }');
    const client = await connect();
    for (const byte of [1, 2]) client.socket.send(Buffer.alloc(1000, byte));
    await until('both are back', () => client.messages.length === 2);
  });
});

describe('control frames of a client', () => {
  it('close both sides with 1008 above the rate limit', async () => {
    const { gw, client, toClient, toUpstream } = await startRaw();
    // Should a second end meanwhile, they are still too many for the other one.
    client.send(Buffer.concat(Array.from({ length: 201 }, () => frame(PING))));
    await client.ended();
    const reason = { code: 1008, reason: 'too many control frames' };
    expect(toClient().map(closeOf)).toEqual([reason]);
    const passed = toUpstream();
    expect(closeOf(passed.at(-1)!)).toEqual(reason);
    expect(passed.length).toBeGreaterThan(100);
    expect(passed.length).toBeLessThan(202);
    expect(await gw.metric(closed('control_flood'))).toBe(1);
  });

  it('are not empty messages, of which there is no limit', async () => {
    const { client, toUpstream } = await startRaw();
    client.send(Buffer.concat(Array.from({ length: 300 }, () => frame(FIN | TEXT))));
    await until('all are there', () => toUpstream().length === 300);
    client.send(frame(FIN | TEXT, 'and more'));
    await until('it is open', () => toUpstream().at(-1)?.payload.toString() === 'and more');
  });

  it('pass up to the rate limit', async () => {
    const { client, toUpstream } = await startRaw();
    client.send(Buffer.concat(Array.from({ length: 100 }, () => frame(PING))));
    await until('all are there', () => toUpstream().length === 100);
    client.send(frame(FIN | TEXT, 'and more'));
    await until('it is open', () => toUpstream().at(-1)?.payload.toString() === 'and more');
  });

  it.each([
    ['that is too long', frame(PING, 'x'.repeat(126))],
    ['that is in parts', frame(PING & ~FIN, 'x')],
    ['whose length is no length', Buffer.from([FIN | BINARY, 0xff, ...Buffer.alloc(8, 0xff), 1, 2, 3, 4])],
  ])('close with 1002 when malformed: %s', async (_, bytes) => {
    const { client, toClient, toUpstream } = await startRaw();
    client.send(bytes);
    await client.ended();
    const reason = { code: 1002, reason: 'malformed frame' };
    expect([toClient(), toUpstream()].map((frames) => frames.map(closeOf))).toEqual([[reason], [reason]]);
  });
});

describe('the Origin of a handshake', () => {
  const status = async (websocket: string, origin: string | undefined) => {
    const { connect } = await start(websocket);
    const headers = origin === undefined ? {} : { origin };
    return connect('/', headers).then(
      () => 101,
      (error: Error) => Number(/\d+$/.exec(error.message)?.[0]),
    );
  };

  it.each([
    ['{ origins: ["https://app.test"] }', 'https://app.test', 101],
    ['{ origins: ["https://app.test"] }', 'https://evil.test', 403],
    ['{ origins: ["https://app.test"] }', 'https://app.test.evil.test', 403],
    ['{ origins: ["https://app.test"] }', 'http://app.test', 403],
    ['{ origins: ["https://app.test"] }', 'null', 403],
    ['{ origins: ["https://app.test"] }', undefined, 101],
    ['{ origins: [] }', 'https://evil.test', 403],
    ['{ origins: ["*"] }', 'https://evil.test', 101],
    ['true', 'https://evil.test', 101],
  ])('with %s: %s gets %s', async (websocket, origin, expected) => {
    expect(await status(websocket, origin)).toBe(expected);
  });
});
