import { Controller, Get, Module } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, ask, raw } from '../support/http.js';
import { metric } from '../support/metrics.js';
import { recording } from '../support/recording.js';
import { SECRET } from '../support/tokens.js';
import { handshake } from '../support/websocket.js';

const YAML = `
server:
  trustProxy: [127.0.0.1]
  access: { deny: [203.0.113.0/24, 2001:db8:bad::/48] }
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: open, match: { path: /open }, upstream: users, auth: none }
  - { id: office, match: { path: /office }, upstream: users, websocket: true, access: { allow: [198.51.100.0/24, 203.0.113.0/24], deny: [198.51.100.66] } }
  - { id: internal, match: { path: /internal }, upstream: users, auth: none, access: { allow: [127.0.0.0/8] } }
  - { id: all, match: { path: /** }, upstream: users, auth: none, access: { allow: [192.0.2.1] } }
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

const users = recording();
const gw = gateway(YAML).withUpstream('users', users.handler).withModule(CodeModule).startOnce();

/** @param client as a trusted proxy names it */
async function answerTo(path: string, client?: string) {
  users.clear();
  const { status, body } = await ask(
    gw.url + path,
    client === undefined ? {} : { 'x-forwarded-for': client },
  );
  const { code } = status === 200 || body === '' ? {} : (JSON.parse(body) as { code?: string });
  return { status, code, calls: users.requests.length };
}

const DENIED = { status: 403, code: 'address_denied', calls: 0 };

describe('a client', () => {
  it.each([
    ['/open', undefined],
    ['/open', '198.51.100.1'],
    ['/open', '2001:db8::1'],
    ['/internal', undefined],
    ['/all', '192.0.2.1'],
    ['/all', '::ffff:192.0.2.1'],
  ])('can call %s from %s', async (path, client) => {
    expect(await answerTo(path, client)).toMatchObject({ status: 200, calls: 1 });
  });

  it.each([
    ['the server denies', '/open', '203.0.113.9'],
    ['the server denies in IPv6 form', '/open', '::ffff:203.0.113.9'],
    ['the server denies in IPv6', '/open', '2001:db8:bad::1'],
    ['the server denies and the route allows', '/office', '203.0.113.9'],
    ['the route denies and allows', '/office', '198.51.100.66'],
    ['the route does not allow', '/internal', '198.51.100.1'],
    ['cannot be read', '/open', 'unknown'],
  ])('cannot call from an address that %s', async (_, path, client) => {
    expect(await answerTo(path, client)).toEqual(DENIED);
  });

  it('is denied by its address before its token is verified', async () => {
    expect(await answerTo('/office', '198.51.100.1')).toEqual({
      status: 401,
      code: 'token_missing',
      calls: 0,
    });
    expect(await answerTo('/office', '198.51.100.66')).toEqual(DENIED);
  });

  it('cannot change its address by prepending to X-Forwarded-For', async () => {
    expect(await answerTo('/internal', '127.0.0.1, 198.51.100.1')).toEqual(DENIED);
  });

  it('cannot open a WebSocket from a denied address', async () => {
    const head = handshake('GET /office', { 'X-Forwarded-For': '198.51.100.66' });
    const [answer] = answersIn(await raw(gw.url, head));
    expect(answer).toMatchObject({ status: 403, headers: { connection: ['close'] } });
  });
});

describe('a user controller', () => {
  it('follows the access rules of the server, not those of a route with the same path', async () => {
    expect(await answerTo('/code', '198.51.100.1')).toMatchObject({ status: 200 });
    expect(await answerTo('/code', '203.0.113.9')).toEqual(DENIED);
    expect(await answerTo('/health', '203.0.113.9')).toEqual(DENIED);
  });
});

it('a denied request is counted for its route', async () => {
  const count = () =>
    metric(gw.gateway.managementUrl, 'breakwater_requests_total', {
      route: 'office',
      status: '403',
      outcome: 'rejected',
    });
  const before = await count();
  await answerTo('/office', '203.0.113.9');
  await answerTo('/office', '198.51.100.66');
  expect(await count()).toBe(before + 2);
});

it('a reload changes the access rules', async () => {
  const yaml = (server: string, route: string) => `
server: { access: { ${server} } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users, access: { ${route} } }]
`;
  const own = await gateway(yaml('', '')).withUpstream('users', users.handler).start();
  const status = async () => (await own.fetch('/1')).status;
  expect(await status()).toBe(200);
  await own.reload(yaml('deny: [127.0.0.0/8]', ''));
  expect(await status()).toBe(403);
  await own.reload(yaml('', 'deny: [127.0.0.0/8]'));
  expect(await status()).toBe(403);
  await own.reload(yaml('', ''));
  expect(await status()).toBe(200);
});
