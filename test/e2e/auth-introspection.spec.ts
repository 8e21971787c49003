import { createServer, type RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway, listen } from '../support/gateway.js';
import { collectBody } from '../support/http.js';
import { recording } from '../support/recording.js';
import { bearer, inSeconds, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

/** An issuer that knows the given tokens and records introspection requests. */
async function issuer(known: Record<string, unknown>) {
  const asked: { token: string | null; headers: Record<string, unknown>; method?: string }[] = [];
  const state = { answer: undefined as RequestListener | undefined };
  const url = await listen(
    createServer((req, res) => {
      void collectBody(req).then((body) => {
        const token = new URLSearchParams(body.toString()).get('token');
        asked.push({ token, headers: req.headers, method: req.method });
        if (state.answer) state.answer(req, res);
        else res.end(JSON.stringify((token !== null && known[token]) || { active: false }));
      });
    }),
  );
  return { url, asked, state };
}

async function start(known: Record<string, unknown> = {}, maxAge = '1m') {
  const idp = await issuer(known);
  const users = recording();
  const gw = await gateway(`
auth:
  main: { secret: "${SECRET}", algorithms: [HS256], issuer: main }
  opaque:
    introspection: { url: "${idp.url}", clientId: "g:w", clientSecret: "s cret", timeout: 500ms, maxAge: ${maxAge} }
    audience: gw
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: users, match: { path: /** }, upstream: users }
  - { id: scoped, match: { path: /scoped }, upstream: users, auth: { provider: opaque, scopes: [a] } }
`)
    .withUpstream('users', users.handler)
    .start();
  const ask = (token: string, path = '/1') =>
    gw.fetch(path, { headers: { authorization: `Bearer ${token}` } });
  return { idp, users, gw, ask };
}

const ALICE = { active: true, sub: 'alice', aud: 'gw', scope: 'a b', exp: inSeconds(3600) };

describe('an opaque token', () => {
  it('is introspected once, with the credentials of the gateway', async () => {
    const { idp, users, ask } = await start({ opaque: ALICE });
    const answers = await Promise.all([ask('opaque'), ask('opaque'), ask('opaque', '/scoped')]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await ask('opaque')).status).toBe(200);
    expect(users.requests[0]?.headers).toMatchObject({ 'x-user-id': 'alice', 'x-user-scopes': 'a b' });
    expect(idp.asked).toHaveLength(1);
    expect(idp.asked[0]).toMatchObject({
      method: 'POST',
      token: 'opaque',
      headers: { authorization: `Basic ${Buffer.from('g%3Aw:s%20cret').toString('base64')}` },
    });
  });

  it.each([
    ['is not active', { active: false }],
    ['is active in words only', { ...ALICE, active: 'true' }],
    ['is for somebody else', { ...ALICE, aud: 'other' }],
    ['has expired after all', { ...ALICE, exp: inSeconds(-90) }],
    ['ends on a date that is text', { ...ALICE, exp: String(inSeconds(60)) }],
  ])('gets a 401 when it %s', async (_, answer) => {
    const { ask, users } = await start({ opaque: answer });
    expect((await ask('opaque')).status).toBe(401);
    expect(users.requests).toHaveLength(0);
  });

  it('gets a 401 after its issuer revoked it and the cached result expired', async () => {
    const known = { opaque: ALICE };
    const { ask } = await start(known, '50ms');
    expect((await ask('opaque')).status).toBe(200);
    known.opaque = { ...ALICE, active: false };
    await until('the answer is too old', async () => (await ask('opaque')).status === 401);
  });

  it('gets a 401 on every route after one of them learned of its revocation', async () => {
    const known = { opaque: ALICE };
    const { ask } = await start(known);
    expect((await ask('opaque')).status).toBe(200);
    known.opaque = { ...ALICE, active: false };
    expect((await ask('opaque')).status).toBe(200);
    expect((await ask('opaque', '/scoped')).status).toBe(401);
    expect((await ask('opaque')).status).toBe(401);
  });

  it('is not introspected again while it is known to be inactive', async () => {
    const { ask, idp } = await start();
    for (let i = 0; i < 3; i++) expect((await ask('nonsense')).status).toBe(401);
    expect(idp.asked).toHaveLength(1);
  });

  it.each([
    ['quotes', '"opaque"'],
    ['a comma', 'a,b'],
    ['a tab', 'a\tb'],
    ['Latin', 'caf\u00e9'],
    ['an equals sign inside', 'a=b'],
    ['only equals signs', '=='],
    ['a percent sign', 'a%00b'],
    ['braces', '{"active":true}'],
  ])('is rejected without introspection when RFC 6750 does not allow it: with %s', async (_, ill) => {
    const { ask, idp } = await start({ opaque: ALICE });
    const response = await ask(ill);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(idp.asked).toHaveLength(0);
  });

  it('can contain every character that RFC 6750 allows', async () => {
    const odd = 'aZ09-._~+/==';
    const { ask, idp } = await start({ [odd]: ALICE });
    expect((await ask(odd)).status).toBe(200);
    expect(idp.asked.map(({ token }) => token)).toEqual([odd]);
  });

  it('is not introspected when another provider accepts it', async () => {
    const { ask, gw, idp } = await start();
    expect((await gw.fetch('/1', { headers: bearer({ iss: 'main' }) })).status).toBe(200);
    expect((await gw.fetch('/1', { headers: bearer({ iss: 'main', exp: 1 }) })).status).toBe(401);
    expect(idp.asked).toHaveLength(0);
    expect((await ask('x'.repeat(16_385))).status).not.toBe(200);
    expect(idp.asked).toHaveLength(0);
  });

  it('needs the scopes of the route', async () => {
    const { ask } = await start({ opaque: { ...ALICE, scope: 'b' } });
    expect((await ask('opaque', '/scoped')).status).toBe(403);
  });
});

describe('an introspection endpoint that fails', () => {
  it.each<[string, RequestListener]>([
    ['fails', (_req, res) => void res.writeHead(500).end()],
    ['answers HTML', (_req, res) => void res.end('<html>')],
    ['answers something else', (_req, res) => void res.end('[]')],
    ['redirects', (_req, res) => void res.writeHead(302, { location: '/' }).end()],
    ['redirects with the question', (_req, res) => void res.writeHead(307, { location: '/' }).end()],
    [
      'says more than it can have to say',
      (_req, res) => void res.end(`{"active":true,"x":"${'x'.repeat(70_000)}"}`),
    ],
    ['answers a list of answers', (_req, res) => void res.end('[{"active":true}]')],
    ['answers as nothing', (_req, res) => void res.writeHead(204).end()],
    ['never ends', (_req, res) => void res.write('{"active":true')],
    ['refuses the gateway itself', (_req, res) => void res.writeHead(401).end()],
    ['hangs', () => undefined],
    ['hangs up', (req) => void req.socket.destroy()],
  ])('causes a 503 when it %s', async (_, answer) => {
    const { ask, idp, users } = await start({ opaque: ALICE });
    idp.state.answer = answer;
    const response = await ask('opaque');
    expect(response.status).toBe(503);
    expect([response.headers.get('retry-after'), idp.asked.length]).toEqual(['1', 1]);
    expect(await response.json()).toMatchObject({ code: 'introspection_unavailable' });
    expect(users.requests).toHaveLength(0);
    idp.state.answer = undefined;
    expect((await ask('opaque')).status).toBe(200);
  });

  it('is still called after it rejected malformed tokens', async () => {
    const { ask, idp } = await start({ opaque: ALICE });
    idp.state.answer = (_req, res) => void res.writeHead(400).end();
    for (let i = 0; i < 8; i++) expect((await ask(`token-${i}`)).status).toBe(503);
    idp.state.answer = undefined;
    expect((await ask('opaque')).status).toBe(200);
  });

  it('is not called for a while after five failures in a row', async () => {
    const { ask, idp } = await start();
    idp.state.answer = (_req, res) => void res.writeHead(500).end();
    for (let i = 0; i < 8; i++) expect((await ask(`token-${i}`)).status).toBe(503);
    expect(idp.asked).toHaveLength(5);
  });
});
