import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { gateway, listen } from '../support/gateway.js';
import { answersIn, ask, raw } from '../support/http.js';
import { rawUpstream } from '../support/raw-upstream.js';
import { handshake, switching } from '../support/websocket.js';

const YAML = `
upstreams: { users: { url: "\${USERS_URL}/base" } }
routes:
  - { id: plain, match: { path: /plain }, upstream: users }
  - { id: preserve, match: { path: /preserve }, upstream: users, rewrite: { host: preserve } }
  - { id: name, match: { path: /name }, upstream: users, rewrite: { host: "users.test:81" } }
  - { id: strip, match: { path: /users/** }, upstream: users, rewrite: { stripPrefix: /users, host: preserve } }
  - { id: cached, match: { path: /cached/** }, upstream: users, rewrite: { stripPrefix: /cached }, cache: {} }
`;

describe('rewrite.host', () => {
  const gw = gateway(YAML)
    .withUpstream('users', (req, res) => void res.end(req.headers.host))
    .startOnce();

  it.each([
    ['/plain', () => new URL(gw.urlOf('users')).host],
    ['/preserve', () => 'www.example.com:8443'],
    ['/name', () => 'users.test:81'],
  ])('decides about the Host that the upstream gets: %s', async (path, host) => {
    expect((await ask(gw.url + path, { host: 'www.example.com:8443' })).body).toBe(host());
  });
});

it('sends the Host that a route asks for over one TLS connection, with the server name of the upstream', async () => {
  const authority = Authority.create();
  const names = new Set<unknown>();
  const server = createServer(authority.issue('DNS:users.test'), (req, res) => res.end(req.headers.host));
  server.on('secureConnection', (socket) => void names.add(socket.servername).add(socket));
  const url = (await listen(server)).replace('http:', 'https:');
  const gw = await gateway(`
upstreams: { users: { url: "${url}", tls: { ca: "\${CA}", serverName: users.test } } }
routes:
  - { id: plain, match: { path: /plain }, upstream: users }
  - { id: preserve, match: { path: /** }, upstream: users, rewrite: { host: preserve } }
`)
    .withEnv({ CA: authority.ca })
    .start();
  for (const host of ['a.test', 'b.test']) {
    expect((await ask(`${gw.url}/1`, { host })).body).toBe(host);
    expect((await ask(`${gw.url}/plain`, { host })).body).toBe(new URL(url).host);
  }
  expect(names.size).toBe(2);
  expect([...names]).toContain('users.test');
});

describe('a response that names the address of its upstream', () => {
  const respond = (req: IncomingMessage, res: ServerResponse) => {
    const { localPort } = req.socket;
    const location = req.url?.includes('relative') ? '/base/dir/' : `http://127.0.0.1:${localPort}/base/dir/`;
    const cookies = [`a=1; Domain=127.0.0.1; Path=/base/dir`, 'b=2; Path=/'];
    res.writeHead(201, { location, 'content-location': location, 'set-cookie': cookies }).end();
  };
  const gw = gateway(YAML).withUpstream('users', respond).startOnce();

  it.each([
    ['/plain', '/dir/'],
    ['/users/1', '/users/dir/'],
    ['/users/relative', '/users/dir/'],
    ['/cached/1', '/cached/dir/'],
    ['/cached/1', '/cached/dir/'],
  ])('is mapped back to the address that the client called: %s', async (path, expected) => {
    const { headers } = await ask(gw.url + path);
    expect(headers).toMatchObject({ location: expected, 'content-location': expected });
    const cookies = headers['set-cookie'] ?? [`a=1; Path=${expected.slice(0, -1)}`, 'b=2; Path=/'];
    expect(cookies).toEqual([`a=1; Path=${expected.slice(0, -1)}`, 'b=2; Path=/']);
  });

  it('is mapped from the name that the client has used, when the upstream gets that', async () => {
    const gw = await gateway(YAML)
      .withUpstream('users', (req, res) =>
        res.writeHead(302, { location: `http://${req.headers.host}/base/dir/` }).end(),
      )
      .start();
    const { headers } = await ask(`${gw.url}/users/1`, { host: 'www.example.com' });
    expect(headers['location']).toBe('/users/dir/');
  });
});

it('maps the cookies of a WebSocket handshake back as well', async () => {
  const chat = rawUpstream((socket, head) => {
    socket.end(switching(head, 'Set-Cookie: a=1; Domain=127.0.0.1; Path=/base/room', 'Set-Cookie: b=2'));
  });
  const gw = await gateway(`
upstreams: { chat: { url: "\${CHAT_URL}/base" } }
routes: [{ id: chat, match: { path: /chat/** }, upstream: chat, rewrite: { stripPrefix: /chat }, websocket: true }]
`)
    .withUpstream('chat', chat.server)
    .start();
  const [answer] = answersIn(await raw(gw.url, handshake('GET /chat/room')));
  expect(answer).toMatchObject({
    status: 101,
    headers: { 'set-cookie': ['a=1; Path=/chat/room', 'b=2'] },
  });
});
