import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';
import { until } from '../support/until.js';
import { switching } from '../support/websocket.js';

const YAML = `
upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 }, timeout: 5s, breaker: { consecutiveFailures: 1000, errorRate: 100% } } }
routes: [{ id: users, match: { path: /** }, upstream: users, websocket: true }]
`;
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const GOOD = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${KEY}`,
];

/** An upstream that agrees to all it is asked for, and answers anything else. */
async function start() {
  const users = rawUpstream((socket, head) =>
    socket.write(/^upgrade:/im.test(head) ? switching(head) : ok('ordinary')),
  );
  const gw = await gateway(YAML).withUpstream('users', users.server).start();
  return { gw, users };
}

/** A handshake with one of the good fields taken out, and others put in. */
const request = (requestLine: string, without: string, ...fields: string[]) =>
  requestHead(requestLine, ...GOOD.filter((each) => !each.startsWith(`${without}:`)), ...fields);

describe('a handshake', () => {
  const opening: Record<string, string> = {
    'in odd case': request('GET /', 'Upgrade', 'uPGRADE: WebSocket').replace('Upgrade\r\n', 'uPgRaDe\r\n'),
    'with other options of the connection': request('GET /', 'Connection', 'Connection: keep-alive, Upgrade'),
    'with two lines of such options': request(
      'GET /',
      'Connection',
      'Connection: keep-alive',
      'Connection: upgrade',
    ),
    'that offers in several lines': request(
      'GET /',
      '',
      'Sec-WebSocket-Protocol: a',
      'Sec-WebSocket-Protocol: b',
      'Sec-WebSocket-Extensions: x',
    ),
    'with a body of no bytes': request('GET /', '', 'Content-Length: 0'),
    'whose version has blanks around it': request(
      'GET /',
      'Sec-WebSocket-Version',
      'Sec-WebSocket-Version: \t13 ',
    ),
  };

  it.each(Object.entries(opening))('%s opens', async (_, head) => {
    const { gw, users } = await start();
    const client = await RawConnection.to(gw.url);
    client.send(head);
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 /);
    // One of each on its way to the upstream, in one spelling.
    expect(users.received.match(/^(?:connection|upgrade):.*[^\r]/gim)).toEqual([
      'connection: upgrade',
      'upgrade: websocket',
    ]);
  });

  /** Node takes these for upgrades, and so for the end of what it can read on a connection. */
  const declined: Record<string, string> = {
    'for h2c': request('GET /', 'Upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
    'for a list that begins with it': request('GET /', 'Upgrade', 'Upgrade: websocket, h2c'),
    'for a list that ends with it': request('GET /', 'Upgrade', 'Upgrade: h2c, websocket'),
    'for two protocols in two lines': request('GET /', '', 'Upgrade: h2c'),
    twice: request('GET /', '', 'Upgrade: websocket'),
    'for a version of it': request('GET /', 'Upgrade', 'Upgrade: websocket/13'),
    'with a POST': `${request('POST /', '', 'Content-Length: 5')}hello`,
    'with a POST in chunks': `${request('POST /', '', 'Transfer-Encoding: chunked')}2\r\nhi\r\n0\r\n\r\n`,
    'with a HEAD': request('HEAD /', ''),
    'with HTTP/1.0': request('GET /', '').replace('HTTP/1.1', 'HTTP/1.0'),
    'with HTTP/1.0 that is to last': request(
      'GET /',
      'Connection',
      'Connection: upgrade, keep-alive',
    ).replace('HTTP/1.1', 'HTTP/1.0'),
  };

  it.each(Object.entries(declined))(
    '%s is handled as an ordinary request that closes the connection',
    async (_, head) => {
      const { gw, users } = await start();
      const client = await RawConnection.to(gw.url);
      // A body in a piece of its own would be read as a request.
      client.send(head + requestHead('POST /next', 'Content-Length: 100'));
      client.send(requestHead('GET /smuggled'));
      await client.ended();
      expect(client.received.match(/^HTTP\/1\.1 .*$/gm)).toEqual(['HTTP/1.1 200 OK']);
      expect(client.received).toMatch(/^connection: close\r$/im);
      expect(client.received).not.toMatch(/^upgrade:/im);
      expect(users.received).not.toMatch(/^(?:upgrade|http2-settings):/im);
      expect(users.received).not.toMatch(/^connection:.*(?:upgrade|settings)/im);
      expect(users.received.match(/HTTP\/1\.1\r\n/g)).toHaveLength(1);
      expect(users.received).not.toMatch(/next|smuggled/);
    },
  );

  it('is read across several packets', async () => {
    let answer: (() => void) | undefined;
    const users = rawUpstream((socket) => (answer = () => socket.write(ok('ordinary'))));
    const gw = await gateway(YAML).withUpstream('users', users.server).start();
    const client = await RawConnection.to(gw.url);
    client.send(declined['for h2c']! + requestHead('POST /next', 'Content-Length: 100'));
    await until('the upstream has the first', () => answer);
    client.send(requestHead('GET /smuggled'));
    // It has been read once the gateway has heard of what came after it.
    const other = await RawConnection.to(gw.url);
    other.send(requestHead('GET /other'));
    await until('the upstream has another one', () => users.received.includes('/other'));
    answer?.();
    expect(users.received).not.toMatch(/next|smuggled/);
  });

  it.each([
    ['that is no option of the connection', request('GET /', 'Connection', 'Connection: keep-alive')],
    ['for nothing', request('GET /', 'Upgrade', 'Upgrade:')],
  ])('%s is handled as an ordinary request', async (_, head) => {
    const { gw } = await start();
    const received = await raw(gw.url, head + requestHead('GET /next', 'Connection: close'));
    expect(answersIn(received)).toMatchObject([{ body: 'ordinary' }, { body: 'ordinary' }]);
  });

  it('is rejected in the same way where no route has WebSockets', async () => {
    const users = rawUpstream(ok('ordinary'));
    const gw = await gateway(YAML.replace(', websocket: true', ''))
      .withUpstream('users', users.server)
      .start();
    const client = await RawConnection.to(gw.url);
    client.send(request('GET /', '') + requestHead('GET /next'));
    expect(await client.ended()).toBe('closed');
    expect(answersIn(client.received)).toMatchObject([{ status: 200, headers: { connection: ['close'] } }]);
    expect(users.received).not.toContain('/next');
  });
});

describe('a 101 response', () => {
  const NEVER = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

  it.each([
    ['of its own accord', NEVER],
    ['without an upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ])('causes a 502 when it is unasked: %s', async (_, answer) => {
    const users = rawUpstream(answer);
    const gw = await gateway(YAML).withUpstream('users', users.server).start();
    const received = await raw(gw.url, requestHead('GET /plain', 'Connection: close'));
    expect(answersIn(received)).toMatchObject([{ status: 502 }]);
  });

  it.each([
    ['a body', 'Content-Length: 5'],
    ['chunks', 'Transfer-Encoding: chunked'],
  ])('with %s reaches the client without it', async (_, field) => {
    const users = rawUpstream((socket, head) =>
      socket.write(`${switching(head, field)}\x81\x02hi`, 'latin1'),
    );
    const gw = await gateway(YAML).withUpstream('users', users.server).start();
    const client = await RawConnection.to(gw.url);
    client.send(request('GET /', ''));
    const received = await client.until('\x81\x02hi');
    expect(received).toMatch(/^HTTP\/1\.1 101 /);
    expect(received).not.toMatch(/content-length|transfer-encoding/i);
  });
});
