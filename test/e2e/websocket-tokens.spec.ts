import type { Socket } from 'node:net';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { beforeEach, describe, expect, it } from 'vitest';
import { hashApiKey } from '../../src/modules/auth/api-keys.js';
import { AuthModule } from '../../src/modules/auth/auth.module.js';
import { JwtAuthGuard } from '../../src/modules/auth/jwt-auth.guard.js';
import { gateway } from '../support/gateway.js';
import { answersIn, raw } from '../support/http.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';
import { SECRET, token } from '../support/tokens.js';
import { handshake, switching, WebSocketClient } from '../support/websocket.js';

const OTHER = 'the secret of another issuer, long enough for HS256';
const YAML = `
auth:
  main: { secret: "${SECRET}", algorithms: [HS256], cookie: session }
  partners: { apiKeys: [{ id: acme, hash: "${hashApiKey('the key')}" }] }
  other: { secret: "${OTHER}", algorithms: [HS256], issuer: other }
upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 } } }
routes:
  - { id: chat, match: { path: /chat }, upstream: users, websocket: true }
  - { id: listed, match: { path: /listed }, upstream: users, websocket: { origins: ["https://app.test"] } }
  - { id: all, match: { path: /all }, upstream: users, websocket: { origins: ["*"] } }
  - { id: forward, match: { path: /forward }, upstream: users, auth: { forward: true }, websocket: true }
  - { id: sign-out, match: { path: /sign-out }, upstream: users, auth: { optional: true, forward: true } }
  - { id: other, match: { path: /other }, upstream: users, auth: { provider: other, optional: true, forward: true } }
  - { id: public, match: { path: /public }, upstream: users, auth: none, websocket: true }
  - { id: code, match: { path: /code }, upstream: users, websocket: true }
  - { id: plain, match: { path: /plain }, upstream: users }
`;
const GOOD = token();

@Controller('code')
@UseGuards(JwtAuthGuard)
class CodeController {
  @Get()
  answer(): string {
    return 'from code';
  }
}

@Module({ imports: [AuthModule], controllers: [CodeController] })
class CodeModule {}

/** Answers every request, and accepts every handshake. */
const accept =
  (...fields: string[]) =>
  (socket: Socket, head: string): void =>
    void socket.write(/^upgrade:/im.test(head) ? switching(head, ...fields) : ok('from users'));

const users = rawUpstream(accept());
const gw = gateway(YAML).withUpstream('users', users.server).withModule(CodeModule).startOnce();
beforeEach(() => users.answerWith(accept()));

const open = (path: string, protocols: string[], headers: Record<string, string> = {}) =>
  WebSocketClient.open(`${gw.url}${path}`, { protocols, headers });

/** @returns the status of the answer to a handshake, and the code of the problem */
async function refusal(path: string, fields: Record<string, string>) {
  const [answer] = answersIn(await raw(gw.url, handshake(`GET ${path}`, fields)));
  return `${answer?.status} ${(JSON.parse(answer?.body ?? '{}') as { code?: string }).code}`;
}

/** @returns the lines of a header that the upstream has received */
const received = (name: string): string[] =>
  [...users.received.matchAll(/^([\w-]+): (.*)\r$/gm)].flatMap(([, field = '', value = '']) =>
    field.toLowerCase() === name ? [value] : [],
  );

describe('a token among the subprotocols of a handshake', () => {
  it('opens a WebSocket, and is not forwarded', async () => {
    const client = await open('/chat', ['bearer', GOOD]);
    expect(client.socket.protocol).toBe('bearer');
    expect(received('x-user-id')).toEqual(['alice']);
    expect(received('sec-websocket-protocol')).toEqual([]);
    expect(users.received).not.toContain(GOOD);
  });

  it('leaves the choice between the other subprotocols to the upstream', async () => {
    users.answerWith(accept('Sec-WebSocket-Protocol: superchat'));
    const client = await open('/chat', ['chat', 'bearer', GOOD, 'superchat']);
    expect(client.socket.protocol).toBe('superchat');
    expect(received('sec-websocket-protocol')).toEqual(['chat, superchat']);
  });

  it('is answered when the upstream chooses none of the others', async () => {
    expect((await open('/chat', ['bearer', GOOD, 'chat'])).socket.protocol).toBe('bearer');
  });

  it('cannot be selected by the upstream', async () => {
    users.answerWith(accept('Sec-WebSocket-Protocol: bearer'));
    expect(await refusal('/chat', { 'Sec-WebSocket-Protocol': `bearer, ${GOOD}` })).toBe(
      '502 upstream_malformed',
    );
  });

  it.each([
    ['it is invalid', `bearer, ${GOOD}x`, {}],
    ['it is there twice', `bearer, ${GOOD}, bearer, ${GOOD}`, {}],
    ['a token is in Authorization as well', `bearer, ${GOOD}`, { Authorization: `Bearer ${GOOD}` }],
  ])('gets a 401 when %s', async (_, protocols, more) => {
    expect(await refusal('/chat', { 'Sec-WebSocket-Protocol': protocols, ...more })).toBe(
      '401 token_invalid',
    );
    expect(users.received).toBe('');
  });

  it('does not count outside of handshakes, and on routes without WebSockets', async () => {
    const fields = { 'Sec-WebSocket-Protocol': `bearer, ${GOOD}` };
    expect((await gw.fetch('/chat', { headers: fields })).status).toBe(401);
    expect(await refusal('/plain', fields)).toBe('401 token_missing');
    expect(await refusal('/code', fields)).toBe('401 token_missing');
  });

  it('is forwarded in Authorization with `forward: true`', async () => {
    await open('/forward', ['bearer', GOOD, 'chat']);
    expect(received('authorization')).toEqual([`Bearer ${GOOD}`]);
    expect(received('sec-websocket-protocol')).toEqual(['chat']);
  });

  it('is not forwarded with an API key, which takes precedence', async () => {
    await open('/forward', ['bearer', GOOD], { 'X-Api-Key': 'the key', Cookie: `session=${GOOD}` });
    expect(received('x-user-id')).toEqual(['acme']);
    expect(users.received).not.toContain(GOOD);
  });

  it('is left to the upstream on a public route', async () => {
    users.answerWith(accept('Sec-WebSocket-Protocol: bearer'));
    await open('/public', ['bearer', GOOD]);
    expect(received('sec-websocket-protocol')).toEqual([`bearer,${GOOD}`]);
  });
});

describe('a token in a cookie', () => {
  const cookie = { Cookie: `a=1; session=${GOOD}; b="2"` };
  const page = (origin: string) => ({ ...cookie, Origin: origin });

  it('opens a WebSocket of a page of the same host, and stays at the gateway', async () => {
    await open('/chat', [], page(gw.url));
    expect(received('x-user-id')).toEqual(['alice']);
    expect(received('cookie')).toEqual(['a=1; b="2"']);
    expect(users.received).not.toContain(GOOD);
  });

  it('opens a WebSocket of a page of a listed origin', async () => {
    await open('/listed', [], page('https://app.test'));
    expect(received('x-user-id')).toEqual(['alice']);
  });

  it.each([
    ['of a foreign page', '/chat', page('https://evil.test')],
    ['of a foreign page where every page may open one', '/all', page('https://evil.test')],
    ['of a page that is not listed', '/listed', page('https://evil.test')],
    ['of a page whose origin is hidden', '/all', page('null')],
    ['without an origin', '/chat', cookie],
  ])('opens no WebSocket %s', async (_, path, fields) => {
    expect(await refusal(path, fields)).toBe('403 origin_not_allowed');
    expect(users.received).toBe('');
  });

  it.each([
    ['it is invalid', `session=${GOOD}x`],
    ['there are two', `session=${GOOD}; session=${token({ sub: 'eve' })}`],
    ['it is of another provider', `session=${token({ iss: 'other' }, { key: OTHER })}`],
  ])('gets a 401 when %s', async (_, value) => {
    expect(await refusal('/chat', { Cookie: value, Origin: gw.url })).toBe('401 token_invalid');
  });

  it('yields to a token in a subprotocol', async () => {
    const bob = token({ sub: 'bob' });
    await open('/chat', ['bearer', bob], page('https://evil.test'));
    await open('/chat', [], { ...page('https://evil.test'), Authorization: `Bearer ${bob}` });
    expect(received('x-user-id')).toEqual(['bob', 'bob']);
    expect(received('cookie')).toEqual(['a=1; b="2"', 'a=1; b="2"']);
  });

  it('does not count outside of handshakes, on routes without WebSockets, and for user controllers', async () => {
    expect((await gw.fetch('/chat', { headers: page(gw.url) })).status).toBe(401);
    expect(await refusal('/plain', page(gw.url))).toBe('401 token_missing');
    expect(await refusal('/code', page(gw.url))).toBe('401 token_missing');
    expect(users.received).toBe('');
  });

  it('never reaches an upstream that gets no tokens', async () => {
    const bearer = { Authorization: `Bearer ${GOOD}` };
    await gw.fetch('/plain', { headers: { ...cookie, ...bearer } });
    await gw.fetch('/plain', { headers: { Cookie: `session=${GOOD}`, ...bearer } });
    expect(received('cookie')).toEqual(['a=1; b="2"']);
  });

  it('is forwarded in Authorization with `forward: true`', async () => {
    await open('/forward', [], page(gw.url));
    expect(received('authorization')).toEqual([`Bearer ${GOOD}`]);
    expect(received('cookie')).toEqual(['a=1; b="2"']);
  });

  it('never reaches the upstream of a public route, to which browsers send it too', async () => {
    await gw.fetch('/public', { headers: cookie });
    await open('/public', [], page('https://evil.test'));
    expect(received('cookie')).toEqual(['a=1; b="2"', 'a=1; b="2"']);
  });

  it('reaches an upstream outside of handshakes with `forward: true`, if a provider of the route has issued it', async () => {
    await gw.fetch('/sign-out', { headers: cookie });
    await gw.fetch('/other', { headers: cookie });
    expect(received('cookie')).toEqual([cookie.Cookie, 'a=1; b="2"']);
  });
});
