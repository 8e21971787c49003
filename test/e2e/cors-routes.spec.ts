import { Controller, Get, Module } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { recording } from '../support/recording.js';
import { SECRET } from '../support/tokens.js';
import { handshake } from '../support/websocket.js';

const SERVER = 'https://server.example';
const ROUTE = 'https://route.example';
const WRITER = 'https://writer.example';

const yaml = (cors: string) => `
server: { ${cors} trustProxy: [127.0.0.1], access: { deny: [192.0.2.1] } }
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams:
  users: { url: "\${USERS_URL}", retry: { attempts: 0 } }
  down: { url: "http://127.0.0.1:1", retry: { attempts: 0 } }
routes:
  - { id: inherits, match: { path: /inherits }, upstream: users, auth: none }
  - { id: own, match: { path: /own, methods: [GET] }, upstream: users, auth: none, cors: { origins: [${ROUTE}], headers: [x-own], maxAge: 1m } }
  - { id: write, match: { path: /own, methods: [PUT] }, upstream: users, auth: none, cors: { origins: [${WRITER}], methods: [PUT], credentials: true } }
  - { id: "off", match: { path: /off, methods: [GET] }, upstream: users, auth: none, cors: "off" }
  - { id: options, match: { path: /off, methods: [OPTIONS] }, upstream: users, auth: none, cors: "off" }
  - { id: get, match: { path: /get, methods: [GET] }, upstream: users, auth: none, cors: "off" }
  - { id: private, match: { path: /private }, upstream: users, cors: { origins: [${ROUTE}] } }
  - { id: closed, match: { path: /closed }, upstream: users, auth: none, maintenance: true, cors: { origins: [${ROUTE}] } }
  - { id: denied, match: { path: /denied }, upstream: users, auth: none, access: { deny: [127.0.0.1] }, cors: { origins: [${ROUTE}] } }
  - { id: down, match: { path: /down }, upstream: down, auth: none, cors: { origins: [${ROUTE}] } }
  - { id: code, match: { path: /code }, upstream: users, auth: none, cors: { origins: [${ROUTE}] } }
  - { id: beta, match: { path: /beta, headers: { X-Beta: "1" } }, upstream: users, auth: none, cors: { origins: [${WRITER}], headers: [x-beta] } }
  - { id: stable, match: { path: /beta }, upstream: users, auth: none, cors: { origins: [${ROUTE}] } }
  - { id: chat, match: { path: /chat }, upstream: users, auth: none, websocket: true, cors: { origins: [${ROUTE}] } }
`;

@Controller('code')
class CodeController {
  @Get()
  get(): string {
    return 'from code';
  }
}

@Module({ controllers: [CodeController] })
class CodeModule {}

const users = recording((_req, res) =>
  res.writeHead(200, { 'access-control-allow-origin': 'https://upstream.example' }).end('hello'),
);
const withServer = gateway(yaml(`cors: { origins: [${SERVER}] },`))
  .withUpstream('users', users.handler)
  .withModule(CodeModule)
  .startOnce();
const routesOnly = gateway(yaml('')).withUpstream('users', users.handler).startOnce();

async function answerTo(line: string, origin: string, { gw = withServer, fields = [] as string[] } = {}) {
  users.clear();
  const head = requestHead(line, 'Connection: close', `Origin: ${origin}`, ...fields);
  const [answer] = answersIn(await raw(gw.url, head));
  const { status, headers } = answer!;
  const allowed = headers['access-control-allow-origin']?.join();
  return { status, allowed, headers, calls: users.requests.length };
}

const preflight = (path: string, method: string, origin: string, gw = withServer) =>
  answerTo(`OPTIONS ${path}`, origin, { gw, fields: [`Access-Control-Request-Method: ${method}`] });

describe('CORS of a route', () => {
  it('replaces the CORS of the server', async () => {
    expect(await answerTo('GET /own', ROUTE)).toMatchObject({ status: 200, allowed: ROUTE });
    expect(await answerTo('GET /own', SERVER)).toMatchObject({ status: 200, allowed: undefined });
    expect(await answerTo('GET /inherits', SERVER)).toMatchObject({ status: 200, allowed: SERVER });
    expect(await answerTo('GET /inherits', ROUTE)).toMatchObject({ status: 200, allowed: undefined });
  });

  it('works without CORS of the server', async () => {
    const gw = routesOnly;
    expect(await answerTo('GET /own', ROUTE, { gw })).toMatchObject({ status: 200, allowed: ROUTE });
    const { allowed, headers } = await answerTo('GET /inherits', ROUTE, { gw });
    expect([allowed, headers['vary']]).toEqual(['https://upstream.example', undefined]);
  });

  it('leaves CORS to the upstream when it is off', async () => {
    const { allowed, headers } = await answerTo('GET /off', SERVER);
    expect([allowed, headers['vary']]).toEqual(['https://upstream.example', undefined]);
  });

  it.each([
    [401, 'GET /private', []],
    [403, 'GET /denied', []],
    [403, 'GET /own', ['X-Forwarded-For: 192.0.2.1']],
    [405, 'DELETE /own', []],
    [502, 'GET /down', []],
    [503, 'GET /closed', []],
  ])('applies to a refusal with %i: %s', async (status, line, fields) => {
    const answer = await answerTo(line, ROUTE, { fields });
    expect(answer).toMatchObject({ status, allowed: ROUTE });
    expect(answer.headers['vary']?.toSorted()).toEqual(['Accept', 'Origin']);
  });

  it.each([
    ['Origin', 'GET /own'],
    [undefined, 'GET /off'],
    ['Accept, Origin', 'GET /private'],
    ['Accept, Origin', 'GET /nowhere'],
    ['Origin', 'GET /code'],
  ])('makes the answer to a request without an origin vary, too: %s of %s', async (vary, line) => {
    const [answer] = answersIn(await raw(withServer.url, requestHead(line, 'Connection: close')));
    expect(answer!.headers['vary']?.join(', ')).toBe(vary);
  });

  it('does not apply where no route matches', async () => {
    expect(await answerTo('GET /nowhere', SERVER)).toMatchObject({ status: 404, allowed: SERVER });
    expect(await answerTo('GET /nowhere', ROUTE)).toMatchObject({ status: 404, allowed: undefined });
  });

  it('applies to a user controller with the same path', async () => {
    expect(await answerTo('GET /code', ROUTE)).toMatchObject({ status: 200, allowed: ROUTE, calls: 0 });
  });

  it('decides which pages can open a WebSocket', async () => {
    const [answer] = answersIn(await raw(withServer.url, handshake('GET /chat', { Origin: SERVER })));
    expect([answer!.status, JSON.parse(answer!.body)]).toMatchObject([403, { code: 'origin_not_allowed' }]);
  });
});

describe('a preflight', () => {
  it('is answered by the route that matches Access-Control-Request-Method', async () => {
    const read = await preflight('/own', 'GET', ROUTE);
    // RFC 9110 section 8.6: no 204 has one.
    expect(read.headers['content-length']).toBeUndefined();
    expect(read).toMatchObject({ status: 204, allowed: ROUTE, calls: 0 });
    expect(read.headers).toMatchObject({
      'access-control-allow-headers': ['x-own'],
      'access-control-max-age': ['60'],
      'x-request-id': [expect.any(String)],
      vary: ['Origin'],
    });
    const write = await preflight('/own', 'PUT', WRITER);
    expect(write).toMatchObject({ status: 204, allowed: WRITER, calls: 0 });
    expect(write.headers).toMatchObject({
      'access-control-allow-methods': ['PUT'],
      'access-control-allow-credentials': ['true'],
    });
    expect(await preflight('/own', 'PUT', ROUTE)).toMatchObject({ status: 204, allowed: undefined });
    expect(await preflight('/own', 'GET', ROUTE, routesOnly)).toMatchObject({ status: 204, allowed: ROUTE });
  });

  it.each([
    ['X-Beta', WRITER, WRITER],
    ['x-other,x-beta', WRITER, WRITER],
    ['x-beta', ROUTE, undefined],
    ['x-other', ROUTE, ROUTE],
    ['x-other', WRITER, undefined],
  ])(
    'that names %s belongs to the route that requires that header: from %s',
    async (names, origin, allowed) => {
      const fields = ['Access-Control-Request-Method: GET', `Access-Control-Request-Headers: ${names}`];
      expect(await answerTo('OPTIONS /beta', origin, { fields })).toMatchObject({ status: 204, allowed });
    },
  );

  it('needs no token and does not wait for maintenance to end', async () => {
    expect(await preflight('/private', 'GET', ROUTE)).toMatchObject({ status: 204, allowed: ROUTE });
    expect(await preflight('/closed', 'GET', ROUTE)).toMatchObject({ status: 204, allowed: ROUTE });
  });

  it('is not answered for an address that the server denies', async () => {
    const fields = ['Access-Control-Request-Method: GET', 'X-Forwarded-For: 192.0.2.1'];
    expect(await answerTo('OPTIONS /own', ROUTE, { fields })).toMatchObject({ status: 403, allowed: ROUTE });
  });

  it('goes to the upstream where CORS is off', async () => {
    expect(await preflight('/off', 'GET', SERVER)).toMatchObject({ status: 200, calls: 1 });
    expect(await preflight('/inherits', 'GET', SERVER, routesOnly)).toMatchObject({ status: 200, calls: 1 });
  });

  it('is not answered by the server for a route where CORS is off', async () => {
    expect(await preflight('/get', 'GET', SERVER)).toMatchObject({ status: 405, allowed: undefined });
  });

  it('is counted for its route', async () => {
    const series = 'breakwater_requests_total{route="write",method="OPTIONS",status="204",outcome="success"}';
    const before = await withServer.metric(series);
    await preflight('/own', 'PUT', WRITER);
    expect(await withServer.metric(series)).toBe(before + 1);
  });
});

it('CORS can be reloaded, and stored responses get the headers in force', async () => {
  const own = (cors: string) => `
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users, cache: { ttl: 1h }, ${cors} }]
`;
  const gw = await gateway(own('')).withUpstream('users', users.handler).start();
  const ask = async () => {
    const { headers } = await gw.fetch('/1', { headers: { origin: ROUTE } });
    return [headers.get('access-control-allow-origin'), headers.get('cache-status')?.includes('hit')];
  };
  expect(await ask()).toEqual(['https://upstream.example', false]);
  await gw.reload(own(`cors: { origins: [${ROUTE}] }`));
  expect(await ask()).toEqual([ROUTE, true]);
  await gw.reload(own(''));
  expect(await ask()).toEqual(['https://upstream.example', true]);
  await gw.reload(`server: { cors: { origins: [${ROUTE}] } }\n${own('')}`);
  expect(await ask()).toEqual([ROUTE, true]);
});
