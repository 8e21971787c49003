import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { bearer, inSeconds, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

const yaml = (redisUrl: string, more = '') => `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
redis: { url: "${redisUrl}", ${more} }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: users, match: { path: /** }, upstream: users }
  - { id: optional, match: { path: /optional }, upstream: users, auth: { optional: true } }
`;
const EXP = inSeconds(3600);
const KEY = 'breakwater:denied-tokens';

/** A long timeout, so that a busy machine does not look like a Redis outage. */
const PATIENT = 'commandTimeout: 5s';

async function start(redisUrl = '', more = PATIENT) {
  const gw = await gateway(yaml(redisUrl, more)).withUpstream('users', recording().handler).start();
  const ask = (jti: unknown, path = '/1') =>
    gw.fetch(path, { headers: bearer({ jti, exp: EXP, sub: String(jti) }) });
  const status = async (...args: Parameters<typeof ask>) => (await ask(...args)).status;
  const revoke = (query: Record<string, string>, headers: Record<string, string> = {}) =>
    gw.management(`/admin/tokens/revoke?${new URLSearchParams(query).toString()}`, {
      method: 'POST',
      headers,
    });
  return { gw, ask, status, revoke };
}

const of = (jti: string) => ({ jti, exp: String(EXP) });

describe('a revoked token', () => {
  it('is rejected at once although it was accepted before', async () => {
    const { gw, ask, status, revoke } = await start();
    expect([await status('a'), await status('b'), await status(undefined)]).toEqual([200, 200, 200]);
    const answer = await revoke(of('a'));
    expect([answer.status, await answer.json()]).toEqual([200, { revoked: 'a', shared: false }]);
    const refused = await ask('a');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe(
      'Bearer realm="breakwater", error="invalid_token", error_description="The token has been revoked"',
    );
    expect(await refused.json()).toMatchObject({ code: 'token_invalid' });
    expect(await status('a', '/optional')).toBe(401);
    expect([await status('b'), await status(undefined), await status(['a'])]).toEqual([200, 200, 200]);
    expect(await gw.metric('breakwater_auth_failures_total{reason="revoked"}')).toBe(2);
    expect(await gw.metric('breakwater_denied_tokens')).toBe(1);
    expect(await (await gw.management('/metrics')).text()).not.toMatch(/^breakwater_denylist_in_step/m);
  });

  it('is rejected although it was never seen before its revocation', async () => {
    const { status, revoke } = await start();
    await revoke(of('a'));
    expect([await status('a'), await status('a'), await status('A')]).toEqual([401, 401, 200]);
  });

  it('can be revoked within the clock skew after its expiry', async () => {
    const { gw, revoke } = await start();
    const exp = inSeconds(-5);
    const headers = bearer({ jti: 'a', exp });
    expect((await gw.fetch('/1', { headers })).status).toBe(200);
    expect((await revoke({ jti: 'a', exp: String(exp) })).status).toBe(200);
    expect((await gw.fetch('/1', { headers })).status).toBe(401);
  });

  it.each<Record<string, string>>([
    {},
    { jti: 'a' },
    { exp: String(EXP) },
    { jti: '', exp: String(EXP) },
    { jti: 'x'.repeat(513), exp: String(EXP) },
    { jti: 'a', exp: 'never' },
    { jti: 'a', exp: '-1' },
    { jti: 'a', exp: '1e9' },
    { jti: 'a', exp: String(EXP * 1000) },
    { jti: 'a', exp: String(inSeconds(-90)) },
  ])('cannot be named by %j', async (query) => {
    const { status, revoke } = await start();
    expect((await revoke(query)).status).toBe(400);
    expect(await status('a')).toBe(200);
  });

  it('cannot be registered by a cross-site request', async () => {
    const { gw, status } = await start();
    const revoke = `${gw.gateway.managementUrl}/admin/tokens/revoke?jti=a&exp=${EXP}`;
    expect((await fetch(revoke, { method: 'POST' })).status).toBe(403);
    expect((await gw.management('/admin/tokens/revoke?jti=a&exp=9999999999')).status).toBe(404);
    expect((await gw.fetch('/admin/tokens/revoke?jti=a', { method: 'POST' })).status).toBe(401);
    expect(await status('a')).toBe(200);
  });
});

describe('the revocation endpoint', () => {
  it('requires the management token if one is configured', async () => {
    const gw = await gateway(`management: { token: operators-only }${yaml('')}`)
      .withUpstream('users', recording().handler)
      .start();
    const revoke = async (headers: Record<string, string>) => {
      const query = new URLSearchParams(of('a')).toString();
      return (await gw.management(`/admin/tokens/revoke?${query}`, { method: 'POST', headers })).status;
    };
    const ask = async () => (await gw.fetch('/1', { headers: bearer({ jti: 'a', exp: EXP }) })).status;
    expect([await revoke({}), await revoke(bearer({ jti: 'a', exp: EXP })), await ask()]).toEqual([
      401, 401, 200,
    ]);
    expect([await revoke({ authorization: 'Bearer operators-only' }), await ask()]).toEqual([200, 401]);
  });
});

describeWithRedis('a revoked token, with Redis', () => {
  it('is rejected by every gateway, including one that starts later', async () => {
    const redis = await RedisServer.start();
    const [here, there] = [await start(redis.url), await start(redis.url)];
    expect([await here.status('a'), await there.status('a')]).toEqual([200, 200]);
    expect(await (await here.revoke(of('a'))).json()).toEqual({ revoked: 'a', shared: true });
    expect(await here.status('a')).toBe(401);
    await until('the other has heard of it', async () => (await there.status('a')) === 401);
    expect([await there.status('b'), await (await start(redis.url)).status('a')]).toEqual([200, 401]);
    expect(await there.gw.metric('breakwater_denylist_in_step')).toBe(1);
  });

  it('stays rejected while Redis is down', async () => {
    const redis = await RedisServer.start();
    const { gw, status, revoke } = await start(redis.url);
    await revoke(of('a'));
    await redis.client().xadd(KEY, '*', 'jti', 'z', 'exp', EXP);
    await until('the list is followed', async () => (await status('z')) === 401);
    await redis.kill();
    await until('it is noticed', async () => (await gw.metric('breakwater_denylist_in_step')) === 0);
    expect([await status('a'), await status('b')]).toEqual([401, 200]);
    const answer = await revoke(of('b'));
    expect([answer.status, await answer.json()]).toEqual([
      503,
      expect.objectContaining({ code: 'revocation_not_shared' }),
    ]);
    expect(await status('b')).toBe(401);
    // Redis restarts empty: revoked tokens stay revoked, and new revocations arrive.
    await redis.startAgain();
    await until('it is back', async () => (await gw.metric('breakwater_denylist_in_step')) === 1);
    // Redis may number its entries from the start again.
    await redis.client().xadd(KEY, '1-1', 'jti', 'c', 'exp', EXP);
    await until('it is followed again', async () => (await status('c')) === 401);
    expect([await status('a'), await status('b'), await status('d')]).toEqual([401, 401, 200]);
  });

  it('is rejected without waiting for a Redis that hangs', async () => {
    const redis = await RedisServer.start();
    // The timeout exceeds the duration of this test.
    const { status, revoke } = await start(redis.url, 'commandTimeout: 5m');
    await revoke(of('a'));
    redis.signal('SIGSTOP');
    expect([await status('a'), await status('b'), await status('b')]).toEqual([401, 200, 200]);
    redis.signal('SIGCONT');
  });

  it('can be added in Redis, where malformed entries are ignored', async () => {
    const redis = await RedisServer.start();
    const client = redis.client();
    const odd = [
      ['jti', ''],
      ['exp', '1'],
      ['jti', 'a'],
      ['jti', 'a', 'exp', 'never'],
      ['jti', 'x'.repeat(600), 'exp', String(EXP)],
    ];
    for (const fields of odd) await client.xadd(KEY, '*', ...fields);
    // There are more entries than are read at a time.
    for (let i = 0; i < 1_500; i++) void client.xadd(KEY, '*', 'jti', `id-${i}`, 'exp', EXP);
    await client.xadd(KEY, '*', 'exp', EXP, 'jti', 'last');
    const { gw, status } = await start(redis.url);
    expect([await status('last'), await status('id-0'), await status('a')]).toEqual([401, 401, 200]);
    expect(await gw.metric('breakwater_denied_tokens')).toBe(1_501);
  });

  it('is rejected locally when the key in Redis has another type', async () => {
    const redis = await RedisServer.start();
    await redis.client().set(KEY, 'garbage');
    const { gw, status, revoke } = await start(redis.url);
    expect(await status('a')).toBe(200);
    expect((await revoke(of('a'))).status).toBe(503);
    expect(await status('a')).toBe(401);
    expect(await gw.metric('breakwater_denylist_in_step')).toBe(0);
    expect(await gw.metric('breakwater_cache_backend_up')).toBe(1);
  });
});
