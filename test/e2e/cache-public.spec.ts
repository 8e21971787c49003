import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: open, match: { path: /open }, upstream: users, auth: none, cache: {} }
  - { id: shared, match: { path: /shared }, upstream: users, cache: { per: public } }
`;

async function start(headers: Record<string, string> = {}) {
  const users = recording((_req, res) => void res.writeHead(200, headers).end(String(users.requests.length)));
  const gw = await gateway(YAML).withUpstream('users', users.handler).start();
  const get = async (path: string, auth: Record<string, string> = {}) =>
    (await gw.fetch(path, { headers: auth })).text();
  return { users, get };
}

describe('a publicly cached response', () => {
  it('is shared by all clients', async () => {
    const { get } = await start();
    expect(await get('/open')).toBe('1');
    expect(await get('/open', { cookie: 'session=1', 'user-agent': 'another' })).toBe('1');
    expect(await get('/open', { authorization: 'Bearer a' })).toBe('1');
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
