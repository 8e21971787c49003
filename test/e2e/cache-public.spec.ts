import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: open, match: { path: /open }, upstream: users, auth: none, cache: {} }
  - { id: optional, match: { path: /optional }, upstream: users, auth: { optional: true }, cache: { per: public } }
  - { id: shared, match: { path: /shared }, upstream: users, cache: { per: public } }
`;

async function start(headers: Record<string, string> = {}, yaml = YAML) {
  const users = recording((_req, res) => void res.writeHead(200, headers).end(String(users.requests.length)));
  const gw = await gateway(yaml).withUpstream('users', users.handler).start();
  const get = async (path: string, auth: Record<string, string> = {}) =>
    (await gw.fetch(path, { headers: auth })).text();
  return { users, get };
}

describe('a publicly cached response', () => {
  it('is shared by all clients', async () => {
    const { get } = await start();
    expect(await get('/open')).toBe('1');
    expect(await get('/open', { cookie: 'session=1', 'user-agent': 'another' })).toBe('1');
  });

  it.each(['authorization', 'proxy-authorization', 'x-api-key', 'x-auth-token', 'private-token', 'apikey'])(
    'neither answers nor comes from a request with %s',
    async (name) => {
      const { get } = await start({ 'cache-control': 'max-age=60' });
      expect(await get('/open', { [name]: 'a' })).toBe('1');
      expect(await get('/open')).toBe('2');
      expect(await get('/open', { [name]: 'a' })).toBe('3');
      expect(await get('/open')).toBe('2');
    },
  );

  it.each(['x-remote-user', 'x-auth-request-email', 'x-forwarded-user', 'x-client-cert'])(
    'is not shared among users whom a trusted proxy names in %s',
    async (name) => {
      const { get } = await start({}, `server: { trustProxy: [127.0.0.1] }\n${YAML}`);
      expect(await get('/open', { [name]: 'alice' })).toBe('1');
      expect(await get('/open', { [name]: 'bob' })).toBe('2');
      expect(await get('/open')).toBe('3');
      expect(await get('/open', { [name]: 'bob' })).toBe('4');
    },
  );

  it('is shared among clients whose identity headers are removed', async () => {
    const { get } = await start();
    expect(await get('/open', { 'x-remote-user': 'alice' })).toBe('1');
    expect(await get('/open', { 'x-remote-user': 'bob' })).toBe('1');
  });

  it.each(['public, max-age=60', 's-maxage=60', 'must-revalidate, max-age=60'])(
    'answers requests with credentials when the upstream says: %s',
    async (directive) => {
      const { get } = await start({ 'cache-control': directive });
      expect(await get('/open', { authorization: 'Bearer a' })).toBe('1');
      expect(await get('/open')).toBe('1');
      expect(await get('/open', { authorization: 'Bearer b' })).toBe('1');
    },
  );

  it('is never a stored 401 for users with credentials', async () => {
    const users = recording(({ headers }, res) => {
      const isKnown = headers.authorization === 'Bearer good';
      res.writeHead(isKnown ? 200 : 401, { 'cache-control': 'public, max-age=60' }).end();
    });
    const gw = await gateway(YAML).withUpstream('users', users.handler).start();
    const status = async (headers: Record<string, string> = {}) =>
      (await gw.fetch('/open', { headers })).status;
    expect(await status({ authorization: 'Bearer bad' })).toBe(401);
    expect(await status()).toBe(401);
    expect(await status({ authorization: 'Bearer good' })).toBe(200);
    expect(await status()).toBe(200);
    expect(await status({ authorization: 'Bearer good' })).toBe(200);
  });

  it('is not dropped by a request with bad credentials', async () => {
    const users = recording(({ headers }, res) => {
      const control = 'public, max-age=60, stale-if-error=3600';
      if (headers['x-fail']) res.writeHead(503).end();
      else if (headers.authorization) res.writeHead(401).end();
      else res.writeHead(200, { 'cache-control': control, age: '100' }).end('stored');
    });
    const gw = await gateway(YAML).withUpstream('users', users.handler).start();
    await gw.fetch('/open');
    expect((await gw.fetch('/open', { headers: { authorization: 'Bearer bad' } })).status).toBe(401);
    const answer = await gw.fetch('/open', { headers: { 'x-fail': '1' } });
    expect([answer.status, await answer.text()]).toEqual([200, 'stored']);
  });

  it('of anonymous requests does not answer those of users who sign in', async () => {
    const { get } = await start();
    expect(await get('/optional')).toBe('1');
    expect(await get('/optional')).toBe('1');
    expect(await get('/optional', bearer({ sub: 'alice' }))).toBe('2');
    expect(await get('/optional')).toBe('1');
  });

  it.each(['public', 's-maxage=60', 'must-revalidate, max-age=60'])(
    'can come from the response to a user when the upstream says: %s',
    async (directive) => {
      const { get } = await start({ 'cache-control': directive });
      expect(await get('/shared', bearer({ sub: 'alice' }))).toBe('1');
      expect(await get('/shared', bearer({ sub: 'bob' }))).toBe('1');
    },
  );

  it.each([undefined, 'max-age=60', 'private', 'private, max-age=60'])(
    'never comes from the response to a user when the upstream says: %s',
    async (directive) => {
      const { get } = await start(directive === undefined ? {} : { 'cache-control': directive });
      expect(await get('/shared', bearer({ sub: 'alice' }))).toBe('1');
      expect(await get('/shared', bearer({ sub: 'bob' }))).toBe('2');
      expect(await get('/open', { authorization: 'Bearer a' })).toBe('3');
      expect(await get('/open')).toBe('4');
    },
  );

  it('still requires a token', async () => {
    const { users, get } = await start({ 'cache-control': 'public' });
    expect(await get('/shared', bearer())).toBe('1');
    expect(JSON.parse(await get('/shared'))).toMatchObject({ status: 401 });
    expect(JSON.parse(await get('/shared', bearer({ exp: 1 })))).toMatchObject({ status: 401 });
    expect(users.requests).toHaveLength(1);
  });
});
