import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { gateway, listen } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { until } from '../support/until.js';

const BODY = ['Content-Length: 5', 'hello'] as const;
const CHUNKS = ['Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'] as const;
const NONE = [] as const;

const REQUESTS: [method: string, body: readonly string[]][] = [
  ...['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PROPFIND'].map((method): [string, readonly string[]] => [
    method,
    NONE,
  ]),
  ...['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PUT', 'POST', 'PATCH', 'REPORT'].flatMap(
    (method): [string, readonly string[]][] => [
      [method, BODY],
      [method, CHUNKS],
    ],
  ),
];

const readAndAnswer: RequestListener = (req, res) => void req.resume().on('end', () => res.end('hello'));

describe('a connection to an upstream', () => {
  let connections = 0;
  const server = createServer(readAndAnswer).on('connection', () => connections++);
  const gw = gateway(ONE_ROUTE).withUpstream('users', server).startOnce();

  it.each(REQUESTS)('carries the next request as well: %s %o', async (method, [field, body = '']) => {
    connections = 0;
    const fields = field === undefined ? [] : [field];
    for (let i = 0; i < 3; i++) {
      const received = await raw(gw.url, requestHead(`${method} /1`, 'Connection: close', ...fields) + body);
      expect(received).toMatch(/^HTTP\/1\.1 200 /);
    }
    // Only the first request of the file opens it.
    expect(connections).toBeLessThanOrEqual(1);
  });
});

describe('60 HEAD requests', () => {
  it('over TLS take one handshake', async () => {
    const authority = Authority.create();
    let handshakes = 0;
    const server = createSecureServer(authority.issue('IP:127.0.0.1'), readAndAnswer);
    server.on('secureConnection', () => handshakes++);
    const gw = await gateway(ONE_ROUTE.replace('retry:', 'tls: { ca: "${CA}" }, retry:'))
      .withEnv({ CA: authority.ca, USERS_URL: (await listen(server)).replace('http:', 'https:') })
      .start();
    for (let i = 0; i < 60; i++) expect((await gw.fetch('/1', { method: 'HEAD' })).status).toBe(200);
    expect(handshakes).toBe(1);
  });
});

describe('a HEAD that is answered with a body', () => {
  it.each([
    ['in the same packet', (head: string, body: string) => [head + body]],
    ['in the next packet', (head: string, body: string) => [head, body]],
  ])('gives the next request its own response: %s', async (_, packets) => {
    const poison = ok('poison');
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${poison.length}\r\n\r\n`;
    const users = rawUpstream((socket) => {
      const [first = '', second] = packets(head, poison);
      socket.setNoDelay().write(first);
      if (second !== undefined) setImmediate(() => socket.write(second));
    }, ok('its own answer'));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    expect((await gw.fetch('/1', { method: 'HEAD' })).status).toBe(200);
    const received = await raw(gw.url, requestHead('GET /2', 'Connection: close'));
    expect(answersIn(received)).toMatchObject([{ status: 200, body: 'its own answer' }]);
  });
});

describe('an idle connection', () => {
  it.each([
    ['without a word of the upstream', ok('hello')],
    [
      'when the upstream would keep it longer',
      ok('hello', 'Connection: keep-alive', 'Keep-Alive: timeout=60'),
    ],
  ])('is closed after pool.keepAlive: %s', async (_, answer) => {
    let isClosed = false;
    const users = rawUpstream((socket) => {
      socket.on('close', () => (isClosed = true)).write(answer);
    });
    const gw = await gateway(ONE_ROUTE.replace('retry:', 'pool: { keepAlive: 20ms }, retry:'))
      .withUpstream('users', users.server)
      .start();
    expect(await (await gw.fetch('/1')).text()).toBe('hello');
    await until('it is closed', () => isClosed, 3_000);
  });
});
