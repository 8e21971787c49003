import { beforeEach, describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { recording } from '../support/recording.js';

const YAML = `
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: list, match: { path: /users, methods: [GET] }, upstream: users }
  - { id: create, match: { path: /users, methods: [POST, PUT] }, upstream: users }
  - { id: any, match: { path: /any/** }, upstream: users }
`;

const users = recording((req, res) => void res.end(req.method));
const gw = gateway(YAML).withUpstream('users', users.handler).startOnce();
beforeEach(users.clear);

describe('a method', () => {
  it.each([
    ['GET', '/users'],
    ['POST', '/users'],
    ['DELETE', '/any/1'],
    ['OPTIONS', '/any/1'],
    ['PROPFIND', '/any/1'],
    ['QUERY', '/any/1'],
  ])('reaches the upstream when a route accepts it: %s', async (method, path) => {
    const received = await raw(gw.url, requestHead(`${method} ${path}`, 'Connection: close'));
    expect(answersIn(received)).toMatchObject([{ status: 200, body: method }]);
  });

  it('can be HEAD where the route accepts GET', async () => {
    expect((await gw.fetch('/users', { method: 'HEAD' })).status).toBe(200);
    expect(users.requests[0]?.method).toBe('HEAD');
  });

  it.each(['DELETE', 'OPTIONS', 'PROPFIND'])(
    'gets a 405 with Allow when no route of the path accepts it: %s',
    async (method) => {
      const received = await raw(gw.url, requestHead(`${method} /users`, 'Connection: close'));
      const [answer] = answersIn(received);
      expect(answer).toMatchObject({ status: 405, headers: { allow: ['GET, HEAD, POST, PUT'] } });
      expect(JSON.parse(answer!.body)).toMatchObject({ code: 'method_not_allowed' });
      expect(users.requests).toHaveLength(0);
    },
  );

  it('gets a 404 on an unknown path', async () => {
    const response = await gw.fetch('/usersx', { method: 'DELETE' });
    expect(response.headers.get('allow')).toBeNull();
    expect(await response.json()).toMatchObject({ status: 404, code: 'no_route' });
    expect(users.requests).toHaveLength(0);
  });

  it.each([
    ['TRACE', requestHead('TRACE /any/1', 'Connection: close')],
    ['CONNECT to a path', requestHead('CONNECT /any/1')],
    ['CONNECT to an address', 'CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n'],
  ])('gets a 405 with Allow when it is never forwarded: %s', async (_, request) => {
    const [answer, ...others] = answersIn(await raw(gw.url, request));
    expect(answer).toMatchObject({ status: 405, headers: { connection: ['close'] } });
    expect(answer?.headers['allow']?.join()).toMatch(/^GET, HEAD/);
    expect(others).toEqual([]);
    expect(users.requests).toHaveLength(0);
  });
});
