import { describe, expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';
import { type Answer, answersIn, raw } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { ok, type RawAnswer, rawUpstream } from '../support/raw-upstream.js';
import { bearer, SECRET } from '../support/tokens.js';
import { handshake, switching, webSocketUpstream } from '../support/websocket.js';

const yaml = (upstream = '', more = '') => `
${more}
upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 }, timeout: 2s, ${upstream} } }
routes:
  - { id: users, match: { path: /chat/** }, upstream: users, websocket: true }
  - { id: plain, match: { path: /plain }, upstream: users }
`;

/** Sends bytes and reads the answers until the gateway closes. */
async function answersTo(url: string, bytes: string): Promise<Answer[]> {
  return answersIn(await raw(url, bytes));
}

describe('a WebSocket handshake', () => {
  it('of a foreign page is rejected and the connection closed', async () => {
    const users = rawUpstream('');
    const cors = 'server: { cors: { origins: ["https://app.test"] } }';
    const gw = await gateway(yaml('', cors)).withUpstream('users', users.server).start();
    const foreign = handshake('GET /chat/1', { Origin: 'https://evil.test' });
    const [answer, ...more] = await answersTo(gw.url, `${foreign}hello`);
    expect(more).toEqual([]);
    expect(answer).toMatchObject({ status: 403, headers: { connection: ['close'] } });
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ code: 'origin_not_allowed' });
    expect(users.received).toBe('');
  });

  it('of a page of its own host is accepted behind a trusted proxy that calls it by another name', async () => {
    const { server } = webSocketUpstream();
    const trusting = 'server: { trustProxy: [127.0.0.1], cors: { origins: ["https://app.test"] } }';
    const gw = await gateway(yaml('', trusting)).withUpstream('users', server).start();
    const headFor = async (forwarded: string) => {
      const client = await RawConnection.to(gw.url);
      const fields = { Origin: 'https://pub.test', 'X-Forwarded-Host': forwarded };
      client.send(handshake('GET /chat/1', fields));
      return client.until('\r\n\r\n');
    };
    expect(await headFor('pub.test, inner.test')).toMatch(/^HTTP\/1\.1 101 /);
    expect(await headFor('other.test')).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('of another version gets the supported version', async () => {
    const gw = await gateway(yaml()).withUpstream('users', rawUpstream('').server).start();
    const [answer] = await answersTo(gw.url, handshake('GET /chat/1', { 'Sec-WebSocket-Version': '14' }));
    expect(answer?.headers['sec-websocket-version']).toEqual(['13']);
  });

  it('needs a token where the route does', async () => {
    const { server } = webSocketUpstream();
    const auth = `auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }`;
    const gw = await gateway(yaml('', auth)).withUpstream('users', server).start();
    const [answer] = await answersTo(gw.url, handshake('GET /chat/1'));
    expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': [expect.any(String)] } });
    const client = await RawConnection.to(gw.url);
    client.send(handshake('GET /chat/1', { Authorization: bearer().authorization }));
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 /);
  });

  it('is an ordinary request on a route without WebSockets', async () => {
    const users = rawUpstream(ok('plain'));
    const gw = await gateway(yaml()).withUpstream('users', users.server).start();
    const [answer] = await answersTo(gw.url, handshake('GET /plain'));
    expect(answer).toMatchObject({ status: 200, body: 'plain' });
    expect(users.received).not.toMatch(/^(?:upgrade|connection: upgrade)/im);
  });

  it.each([
    ['with a length', { 'Content-Length': '5' }, 'hello'],
    ['in chunks', { 'Transfer-Encoding': 'chunked' }, '5\r\nhello\r\n0\r\n\r\n'],
  ])('keeps its body on a route without WebSockets, %s', async (_, fields, body) => {
    const users = rawUpstream(ok('plain'));
    const gw = await gateway(yaml()).withUpstream('users', users.server).start();
    const [answer] = await answersTo(gw.url, handshake('GET /plain', fields) + body);
    expect(answer).toMatchObject({ status: 200, body: 'plain' });
    expect(users.received).toContain('hello');
  });

  it('is an ordinary request while an earlier response is outstanding', async () => {
    const users = rawUpstream(ok('first'), ok('second'));
    const gw = await gateway(yaml()).withUpstream('users', users.server).start();
    const received = await raw(
      gw.url,
      'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n' + handshake('GET /plain', { Connection: 'Upgrade, close' }),
    );
    expect(answersIn(received).map(({ body }) => body)).toEqual(['first', 'second']);
  });
});

describe('the upstream of a handshake', () => {
  it.each([
    ['200', ok('no tunnel here')],
    ['403', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 14\r\n\r\nno tunnel here'],
    [
      '426',
      'HTTP/1.1 426 Upgrade Required\r\nTransfer-Encoding: chunked\r\n\r\ne\r\nno tunnel here\r\n0\r\n\r\n',
    ],
  ])('has its response %s passed on, and the connection is closed', async (status, bytes) => {
    const users = rawUpstream(bytes);
    const gw = await gateway(yaml()).withUpstream('users', users.server).start();
    const smuggled = 'GET /internal HTTP/1.1\r\nHost: a\r\n\r\n';
    const [answer, ...more] = await answersTo(gw.url, handshake('GET /chat/1') + smuggled);
    expect(more).toEqual([]);
    expect(answer).toMatchObject({ status: Number(status), body: 'no tunnel here' });
    expect(answer?.headers['connection']).toEqual(['close']);
    expect(users.received).not.toContain('/internal');
  });

  const BAD: Record<string, RawAnswer> = {
    'a wrong accept': (socket, head) =>
      socket.write(switching(head).replace(/Accept: .*/, 'Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo0')),
    'no accept': (socket, head) => socket.write(switching(head).replace(/Sec-WebSocket-Accept: .*\r\n/, '')),
    'another protocol': (socket, head) =>
      socket.write(switching(head).replace('Upgrade: websocket', 'Upgrade: h2c')),
    'no protocol': (socket, head) => socket.write(switching(head).replace('Upgrade: websocket\r\n', '')),
    'a subprotocol nobody offered': (socket, head) =>
      socket.write(switching(head, 'Sec-WebSocket-Protocol: mqtt')),
  };

  it.each(Object.entries(BAD))('causes a 502 when it switches with %s', async (_, answer) => {
    const users = rawUpstream(answer);
    const gw = await gateway(yaml()).withUpstream('users', users.server).start();
    const [response, ...more] = await answersTo(gw.url, `${handshake('GET /chat/1')}early`);
    expect(more).toEqual([]);
    expect(response?.status).toBe(502);
    expect(JSON.parse(response?.body ?? '')).toMatchObject({ code: 'upstream_malformed', upstream: 'users' });
    expect(users.received).not.toContain('early');
  });

  it('gets early bytes of the client only after its 101', async () => {
    let before: string | undefined;
    const users = rawUpstream((socket, head) => {
      before = users.received;
      socket.write(switching(head));
    });
    const gw = await gateway(yaml()).withUpstream('users', users.server).start();
    const client = await RawConnection.to(gw.url);
    client.send(`${handshake('GET /chat/1')}early`);
    await client.until('101');
    client.send('late\r\n\r\n');
    await client.until('101 Switching Protocols');
    expect(before).not.toContain('early');
    await expect.poll(() => users.received).toContain('earlylate');
  });

  it('causes a 502 when it is down and opens the breaker', async () => {
    const gw = await gateway(yaml('breaker: { consecutiveFailures: 2 }'))
      .withEnv({ USERS_URL: await closedPort() })
      .start();
    const statuses: (number | undefined)[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await answersTo(gw.url, handshake('GET /chat/1')))[0]?.status);
    expect(statuses).toEqual([502, 502, 503]);
  });

  it('causes a 504 when it never answers', async () => {
    const users = rawUpstream(() => undefined);
    const gw = await gateway(yaml().replace('timeout: 2s', 'timeout: 200ms'))
      .withUpstream('users', users.server)
      .start();
    expect((await answersTo(gw.url, handshake('GET /chat/1')))[0]?.status).toBe(504);
  });
});
