import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';

const YAML = `
auth:
  main: { secret: "${SECRET}", algorithms: [HS256], issuer: https://main.example/, forwardClaims: { org.id: X-User-Org } }
  other: { secret: "${SECRET}", algorithms: [HS256], issuer: https://other.example/ }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: mine, match: { path: /mine }, upstream: users, cache: {} }
  - { id: optional, match: { path: /optional }, upstream: users, auth: { optional: true }, cache: {} }
  - { id: told, match: { path: /told }, upstream: users, headers: { request: { set: { X-Role: "{claim:role}" } } }, cache: {} }
  - id: told-to-all
    match: { path: /told-to-all }
    upstream: users
    headers: { request: { set: { X-Role: "{claim:role}" } } }
    cache: { per: public }
  - { id: passing, match: { path: /passing }, upstream: users, auth: none, cache: { per: user } }
`;
const by = (claims: Record<string, unknown>) => bearer({ iss: 'https://main.example/', ...claims });

/** Every response has a different body. */
async function start(headers: Record<string, string> = {}) {
  const users = recording((req, res) => {
    const of = req.headers['x-user-id'] ?? req.headers.authorization ?? 'nobody';
    res.writeHead(200, headers).end(`${String(of)} ${users.requests.length}`);
  });
  const gw = await gateway(YAML).withUpstream('users', users.handler).start();
  const get = async (path: string, auth: Record<string, string> = {}) =>
    (await gw.fetch(path, { headers: auth })).text();
  return { users, get };
}

describe('a response that is cached for a user', () => {
  it.each([
    undefined,
    'private',
    'max-age=60',
    'public, max-age=60',
    's-maxage=60',
    'private="x"',
    'immutable',
  ])('is not sent to another user, with Cache-Control: %s', async (directive) => {
    const { get } = await start(directive === undefined ? {} : { 'cache-control': directive });
    expect(await get('/mine', by({ sub: 'alice' }))).toBe('alice 1');
    expect(await get('/mine', by({ sub: 'bob' }))).toBe('bob 2');
    expect(await get('/mine', by({ sub: 'alice' }))).toBe('alice 1');
    expect(await get('/mine', by({ sub: 'bob' }))).toBe('bob 2');
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['of another tenant', { tenant: 'acme' }, { tenant: 'other' }],
    ['of another tenant, as Entra ID calls it', { tid: '1' }, { tid: '2' }],
    ['of no tenant', { tenant: 'acme' }, {}],
    ['with other scopes', { scope: 'a' }, { scope: 'b' }],
    ['told to the upstream otherwise', { org: { id: 1 } }, { org: { id: 2 } }],
  ])('is not shared with the same subject %s', async (_, one, other) => {
    const { get } = await start({ 'cache-control': 'public, max-age=60' });
    expect(await get('/mine', by({ sub: 'alice', ...one }))).toBe('alice 1');
    expect(await get('/mine', by({ sub: 'alice', ...other }))).toBe('alice 2');
    expect(await get('/mine', by({ sub: 'alice', ...one }))).toBe('alice 1');
  });

  it.each(['/told', '/told-to-all'])(
    'is not shared with users of whom a route tells the upstream otherwise: %s',
    async (path) => {
      const { get } = await start({ 'cache-control': 'public, max-age=60', vary: 'X-Role' });
      const none = { ...by({ sub: 'alice' }), 'x-role': 'admin' };
      expect(await get(path, by({ sub: 'alice', role: 'admin' }))).toBe('alice 1');
      expect(await get(path, by({ sub: 'alice', role: 'guest' }))).toBe('alice 2');
      expect(await get(path, none)).toBe('alice 3');
      expect(await get(path, by({ sub: 'alice', role: 'admin' }))).toBe('alice 1');
      expect(await get(path, none)).toBe('alice 3');
    },
  );

  it('is not shared between tokens of one user whose claims in request headers differ', async () => {
    const { get } = await start();
    expect(await get('/told', by({ sub: 'alice', role: 'admin' }))).toBe('alice 1');
    expect(await get('/told', by({ sub: 'alice', role: 'guest' }))).toBe('alice 2');
    expect(await get('/told', by({ sub: 'alice', role: 'admin' }))).toBe('alice 1');
  });

  it('is not sent to another user among concurrent requests', async () => {
    const { get } = await start();
    const names = Array.from({ length: 20 }, (_, i) => `user-${i}`);
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(names.map((sub) => get('/mine', by({ sub }))));
      expect(answers.map((answer) => answer.split(' ')[0])).toEqual(names);
      await tick();
    }
  });

  it('is also used with a new token of that user', async () => {
    const { get, users } = await start();
    expect(await get('/mine', by({ sub: 'alice', jti: '1' }))).toBe('alice 1');
    expect(await get('/mine', by({ sub: 'alice', jti: '2' }))).toBe('alice 1');
    expect(users.requests).toHaveLength(1);
  });

  it.each([
    [
      'of the same name from another issuer',
      { sub: 'alice' },
      { sub: 'alice', iss: 'https://other.example/' },
    ],
    ['whose name is written almost alike', { sub: 'alice' }, { sub: 'Alice' }],
    ['whose name looks like a key', { sub: 'alice' }, { sub: 'alice","x' }],
    ['without a name', { sub: undefined, client_id: 'a' }, { sub: undefined, client_id: 'b' }],
  ])('is not sent to a user %s', async (_, first, second) => {
    const { get, users } = await start();
    await get('/mine', by(first));
    await get('/mine', by(second));
    expect(users.requests).toHaveLength(2);
  });

  it('is not shared between users and anonymous clients', async () => {
    const { get } = await start();
    expect(await get('/optional', by({ sub: 'alice' }))).toBe('alice 1');
    expect(await get('/optional')).toBe('nobody 2');
    expect(await get('/optional', by({ sub: 'bob' }))).toBe('bob 3');
    expect(await get('/optional', by({ sub: 'alice' }))).toBe('alice 1');
  });

  it('cannot be reached by writing the user into the URL', async () => {
    const { get, users } = await start();
    expect(await get('/optional?q', by({ sub: 'alice' }))).toBe('alice 1');
    for (const guess of ['main,alice', 'main:alice', 'mainalice', '["main","alice"]']) {
      expect(await get(`/optional?q${guess}`)).toMatch(/^nobody /);
    }
    expect(users.requests).toHaveLength(5);
  });

  it('is not stored for anonymous clients when it is private', async () => {
    const { get } = await start({ 'cache-control': 'private, max-age=60' });
    expect(await get('/optional')).toBe('nobody 1');
    expect(await get('/optional')).toBe('nobody 2');
  });

  it('is not shared where the upstream authenticates users', async () => {
    const { get } = await start();
    expect(await get('/passing', { authorization: 'Bearer a' })).toBe('Bearer a 1');
    expect(await get('/passing', { authorization: 'Bearer b' })).toBe('Bearer b 2');
    expect(await get('/passing')).toBe('nobody 3');
  });
});
