import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { IssuerKey, KeyServer, unavailable } from '../support/key-server.js';
import { metric } from '../support/metrics.js';
import { recording } from '../support/recording.js';
import { SECRET, bearer, token } from '../support/tokens.js';
import { until } from '../support/until.js';

const yaml = (keys: string) => `
auth:
  main: { ${keys}, algorithms: [ES256] }
  dev: { secret: "${SECRET}", algorithms: [HS256] }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;

async function start(server: KeyServer, jwks = '{}') {
  const gw = await gateway(yaml(`jwksUri: "${server.jwksUri}", jwks: ${jwks}`))
    .withUpstream('users', recording().handler)
    .start();
  const status = async (headers: Record<string, string>) => (await gw.fetch('/1', { headers })).status;
  const refreshes = (result: string) =>
    metric(gw.gateway.managementUrl, 'breakwater_jwks_refresh_total', { provider: 'main', result });
  return { gw, status, refreshes };
}

const a = new IssuerKey('a');
const b = new IssuerKey('b');

describe('the published keys of an issuer', () => {
  it('verify its tokens and are fetched once', async () => {
    const server = await KeyServer.start(a, b);
    const { status, refreshes } = await start(server);
    expect(await status(a.bearer())).toBe(200);
    expect(await status(b.bearer({ sub: 'bob' }))).toBe(200);
    expect(await status(new IssuerKey('a').bearer())).toBe(401);
    expect(await status(new IssuerKey('c').bearer())).toBe(401);
    expect(server.fetches).toBe(1);
    expect(await refreshes('success')).toBe(1);
  });

  it('are all tried for a token without a kid', async () => {
    const { status } = await start(await KeyServer.start(a, b));
    for (const key of [a, b]) expect(await status(key.bearer({}, { kid: undefined }))).toBe(200);
    expect(await status(new IssuerKey(undefined).bearer())).toBe(401);
  });

  it('are found through the discovery document of the issuer', async () => {
    const server = await KeyServer.start(a);
    const gw = await gateway(yaml(`issuer: "${server.url}"`))
      .withUpstream('users', recording().handler)
      .start();
    expect((await gw.fetch('/1', { headers: a.bearer({ iss: server.url }) })).status).toBe(200);
    expect((await gw.fetch('/1', { headers: a.bearer({ iss: 'https://else' }) })).status).toBe(401);
    expect([server.discoveries, server.fetches]).toEqual([1, 1]);
  });

  it('are never used as shared secrets, nor replaced by keys that a token brings', async () => {
    const server = await KeyServer.start(a);
    const secret = 'c2VjcmV0IG9mIGF0IGxlYXN0IHRoaXJ0eS10d28gYnl0ZXM';
    server.keys.push({ kty: 'oct', kid: 'oct', k: secret, alg: 'HS256', use: 'sig' });
    const gw = await gateway(yaml(`jwksUri: "${server.jwksUri}"`).replace(/^ {2}dev: .*$/m, ''))
      .withUpstream('users', recording().handler)
      .start();
    const eve = new IssuerKey('a');
    const forged = [
      token({}, { header: { kid: 'oct' }, key: Buffer.from(secret, 'base64url').toString() }),
      token({}, { header: { kid: 'a' }, key: JSON.stringify(a.jwk()) }),
      token({}, { header: { kid: 'a' }, key: a.publicKey.export({ type: 'spki', format: 'pem' }) }),
      eve.token({}, { jwk: eve.jwk() }),
      eve.token({}, { jku: server.jwksUri }),
      eve.token({}, { x5u: server.jwksUri }),
      ...['../a', "a' OR '1'='1", '__proto__', 'constructor', 'A', '', 'a\0'].map((kid) =>
        eve.token({}, { kid }),
      ),
      a.token({}, { kid: 'A' }),
      a.token({}, { alg: 'RS256' }),
    ];
    const statuses = forged.map(
      async (each) => (await gw.fetch('/1', { headers: { authorization: `Bearer ${each}` } })).status,
    );
    expect(new Set(await Promise.all(statuses))).toEqual(new Set([401]));
    expect((await gw.fetch('/1', { headers: a.bearer() })).status).toBe(200);
    expect(server.fetches).toBe(1);
  });

  it('are not fetched for a flood of unknown key ids, which get a 401 at once', async () => {
    const server = await KeyServer.start(a);
    const { status } = await start(server);
    expect(await status(a.bearer())).toBe(200);
    const flood = Array.from({ length: 200 }, (_, i) => status(a.bearer({}, { kid: `k${i}` })));
    expect(new Set(await Promise.all(flood))).toEqual(new Set([401]));
    expect(await status(a.bearer())).toBe(200);
    expect(server.fetches).toBe(1);
  });

  it('include a new key when the first token with its id arrives', async () => {
    const server = await KeyServer.start(a);
    const { status } = await start(server, '{ cooldown: 1ms }');
    expect(await status(a.bearer())).toBe(200);
    server.publish(a, b);
    await until('the cool-down has passed', async () => (await status(b.bearer())) === 200);
  });

  it('reject cached tokens of a key after it was withdrawn', async () => {
    const server = await KeyServer.start(a, b);
    const { status } = await start(server, '{ refresh: 50ms }');
    const remembered = a.bearer();
    expect(await status(remembered)).toBe(200);
    server.publish(b);
    await until('the token is refused', async () => (await status(remembered)) === 401);
    expect(await status(a.bearer())).toBe(401);
    expect(await status(b.bearer())).toBe(200);
  });
});

describe('while a fetch of the keys hangs', () => {
  it('a key id that is known to be missing gets 401 at once, and a new key id waits', async () => {
    const server = await KeyServer.start(a);
    const { status } = await start(server, '{ refresh: 50ms, timeout: 20s }');
    const unknown = a.bearer({}, { kid: 'unknown' });
    expect([await status(a.bearer()), await status(unknown)]).toEqual([200, 401]);
    const held: ServerResponse[] = [];
    server.answer = (_req, res) => void held.push(res);
    await until('a fetch hangs', () => held.length === 1);
    for (let i = 0; i < 3; i++) expect(await status(unknown)).toBe(401);
    expect(await status(a.bearer({ sub: 'bob' }))).toBe(200);
    server.publish(a, b);
    const first = status(b.bearer());
    server.answer = undefined;
    held[0]?.end(JSON.stringify({ keys: server.keys }));
    expect(await first).toBe(200);
  });
});

describe('while the key server is down', () => {
  it('the gateway starts, answers 503 to tokens of that issuer and accepts tokens of others', async () => {
    const server = await KeyServer.start(a);
    server.answer = unavailable;
    const { gw, status, refreshes } = await start(server);
    await until('the first fetch has failed', async () => (await refreshes('status')) > 0);
    const response = await gw.fetch('/1', { headers: a.bearer() });
    expect(response.status).toBe(503);
    // The keys are fetched again after one second and then after two.
    expect(response.headers.get('retry-after')).toMatch(/^[123]$/);
    expect(response.headers.has('www-authenticate')).toBe(false);
    expect(await response.json()).toMatchObject({ code: 'keys_unavailable' });
    expect(await status(bearer())).toBe(200);
    server.answer = undefined;
    await until('it has recovered by itself', async () => (await status(a.bearer())) === 200);
  });

  it('fetched keys stay in use', async () => {
    const server = await KeyServer.start(a);
    const { status, refreshes } = await start(server, '{ refresh: 50ms }');
    expect(await status(a.bearer())).toBe(200);
    server.answer = unavailable;
    await until('a fetch has failed', async () => (await refreshes('status')) > 0);
    expect(await status(a.bearer())).toBe(200);
    expect(await status(a.bearer({ sub: 'bob' }))).toBe(200);
  });

  it('the old keys stay in use until the server returns with new ones', async () => {
    const server = await KeyServer.start(a);
    const { gw, status, refreshes } = await start(server, '{ refresh: 50ms }');
    expect(await status(a.bearer())).toBe(200);
    server.answer = unavailable;
    server.publish(b);
    await until('a fetch has failed', async () => (await refreshes('status')) > 0);
    expect(await status(a.bearer({ sub: 'bob' }))).toBe(200);
    const response = await gw.fetch('/1', { headers: b.bearer() });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    server.answer = undefined;
    await until('the new key counts', async () => (await status(b.bearer())) === 200);
    expect(await status(a.bearer())).toBe(401);
    expect(await status(a.bearer({ sub: 'bob' }))).toBe(401);
  });

  it('fetched keys expire after maxStale', async () => {
    const server = await KeyServer.start(a);
    const { status } = await start(server, '{ refresh: 50ms, maxStale: 300ms }');
    const remembered = a.bearer();
    expect(await status(remembered)).toBe(200);
    server.answer = unavailable;
    await until('they are too old', async () => (await status(remembered)) === 503);
    expect(await status(a.bearer({ sub: 'bob' }))).toBe(503);
  });

  it('requests wait for a fetch that is in flight', async () => {
    const server = await KeyServer.start(a);
    let release = () => {};
    server.answer = (_req, res) => {
      release = () => void res.end(JSON.stringify({ keys: server.keys }));
    };
    const { status } = await start(server);
    await until('the fetch is under way', () => server.fetches === 1);
    const waiting = Promise.all([status(a.bearer()), status(a.bearer({ sub: 'bob' }))]);
    release();
    expect(await waiting).toEqual([200, 200]);
    expect(server.fetches).toBe(1);
  });
});
