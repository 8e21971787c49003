import { describe, expect, it } from 'vitest';
import { hashApiKey } from '../../src/modules/auth/api-keys.js';
import { gateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';

const YAML = `
auth:
  main: { secret: "${SECRET}", algorithms: [HS256] }
  partners:
    apiKeys:
      - { id: acme, hash: "${hashApiKey('key-of-acme')}", scopes: [orders] }
      - { id: shop, hash: "${hashApiKey('key-of-shop')}" }
    query: api_key
  more:
    apiKeys:
      - { id: mine, hash: "${hashApiKey('key-of-mine')}" }
    query: api_key
  own: { apiKeys: [{ id: batch, hash: "${hashApiKey('key-of-batch')}" }], header: X-Batch-Key }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: any, match: { path: /any }, upstream: users }
  - { id: keys, match: { path: /keys }, upstream: users, auth: { provider: partners } }
  - { id: scoped, match: { path: /scoped }, upstream: users, auth: { scopes: [orders] } }
  - { id: optional, match: { path: /optional }, upstream: users, auth: { optional: true } }
  - { id: forwarding, match: { path: /forwarding }, upstream: users, auth: { forward: true } }
  - { id: open, match: { path: /open }, upstream: users, auth: none }
`;

async function start() {
  const users = recording();
  const gw = await gateway(YAML).withUpstream('users', users.handler).start();
  const status = async (path: string, headers: Record<string, string> = {}) =>
    (await gw.fetch(path, { headers })).status;
  return { users, gw, status };
}

const key = (of: string) => ({ 'x-api-key': `key-of-${of}` });

describe('an API key of a file', () => {
  it('counts as one that is in the configuration', async () => {
    const users = recording();
    const gw = await gateway(`
auth: { partners: { apiKeysFile: keys.yaml, apiKeys: [{ id: acme, hash: "${hashApiKey('key-of-acme')}" }] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users, auth: { scopes: [orders] } }]`)
      .withFile(
        'keys.yaml',
        `apiKeys:\n  - id: shop\n    hash: ${hashApiKey('key-of-shop')}\n    scopes: [orders]\n`,
      )
      .withUpstream('users', users.handler)
      .start();
    const statuses = ['shop', 'acme', 'nobody'].map(
      async (id) => (await gw.fetch('/1', { headers: key(id) })).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 403, 401]);
    expect(users.requests.map(({ headers }) => headers['x-user-id'])).toEqual(['shop']);
  });
});

describe('an API key', () => {
  it('lets in as whom it was given to, and ends at the gateway', async () => {
    const { status, users } = await start();
    expect(await status('/any', key('acme'))).toBe(200);
    expect(await status('/any', key('shop'))).toBe(200);
    expect(await status('/any', { 'x-batch-key': 'key-of-batch' })).toBe(200);
    expect(users.requests.map(({ headers }) => [headers['x-user-id'], headers['x-user-scopes']])).toEqual([
      ['acme', 'orders'],
      ['shop', ''],
      ['batch', ''],
    ]);
    expect(users.requests.flatMap(({ rawHeaders }) => rawHeaders).join()).not.toContain('key-of');
  });

  it('may be in the query, which goes on without it', async () => {
    const { status, users } = await start();
    expect(await status('/any?a=1&api_key=key-of-acme&b=%20')).toBe(200);
    expect(users.requests[0]?.url).toBe('/any?a=1&b=%20');
    expect(await status('/any?api_key=key-of-acme&api_key=key-of-acme')).toBe(401);
  });

  it('goes on where the route forwards credentials, or takes none', async () => {
    const { status, users } = await start();
    expect(await status('/forwarding', key('acme'))).toBe(200);
    expect(await status('/open?api_key=x', key('acme'))).toBe(200);
    expect(users.requests.map(({ headers }) => headers['x-api-key'])).toEqual(['key-of-acme', 'key-of-acme']);
    expect(users.requests[1]?.url).toBe('/open?api_key=x');
  });

  it('is a 401 that says so when it is not known', async () => {
    const { gw, status, users } = await start();
    const response = await gw.fetch('/any', { headers: { 'x-api-key': 'wrong-key' } });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('ApiKey realm="breakwater"');
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({ code: 'api_key_invalid' });
    expect(body).not.toContain('wrong-key');
    expect(await status('/optional', { 'x-api-key': 'wrong-key' })).toBe(401);
    expect(await status('/any', { 'x-batch-key': 'key-of-acme' })).toBe(401);
    expect(await status('/any', { 'x-api-key': 'wrong-key', ...bearer() })).toBe(401);
    expect(users.requests).toHaveLength(0);
  });

  it('counts only where its provider does, and tokens only where theirs does', async () => {
    const { gw, status } = await start();
    expect(await status('/keys', key('acme'))).toBe(200);
    expect(await status('/keys', bearer())).toBe(401);
    expect(await status('/keys', { 'x-batch-key': 'key-of-batch' })).toBe(401);
    expect(await (await gw.fetch('/keys')).json()).toMatchObject({ code: 'api_key_missing' });
    expect(await status('/any', bearer())).toBe(200);
    expect(await (await gw.fetch('/any')).json()).toMatchObject({ code: 'token_missing' });
    expect(await status('/optional')).toBe(200);
  });

  it('has the scopes that it was given', async () => {
    const { status } = await start();
    expect(await status('/scoped', key('acme'))).toBe(200);
    expect(await status('/scoped', key('shop'))).toBe(403);
  });

  it.each([
    ['twice', '/any', 'X-Api-Key: key-of-acme', 'X-Api-Key: key-of-acme'],
    ['in the header and in the query', '/any?api_key=key-of-acme', 'X-Api-Key: key-of-acme'],
    ['beside another that is bad', '/any?api_key=wrong', 'X-Api-Key: key-of-acme'],
    ['beside one of another provider', '/any', 'X-Api-Key: key-of-acme', 'X-Batch-Key: key-of-batch'],
    ['in the query beside one of another provider', '/any?api_key=key-of-acme', 'X-Batch-Key: key-of-batch'],
    ['empty', '/any', 'X-Api-Key:'],
    ['empty where one is optional', '/optional', 'X-Api-Key:'],
    ['empty in the query', '/any?api_key='],
    ['as a bearer token', '/any', 'Authorization: Bearer key-of-acme'],
    ['in a cookie', '/any', 'Cookie: api_key=key-of-acme; x-api-key=key-of-acme'],
    ['in a header with underscores', '/any', 'X_Api_Key: key-of-acme'],
    ['as its hash', '/any', `X-Api-Key: ${hashApiKey('key-of-acme')}`],
  ])('does not count %s', async (_, path, ...fields) => {
    const { gw, users } = await start();
    const answer = await raw(gw.url, requestHead(`GET ${path}`, 'Connection: close', ...fields));
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(users.requests).toHaveLength(0);
  });

  it('may be of any provider that takes keys in the same place', async () => {
    const { status, users } = await start();
    expect(await status('/any', key('mine'))).toBe(200);
    expect(await status('/any?api_key=key-of-mine')).toBe(200);
    expect(await status('/any?api_key=key-of-shop')).toBe(200);
    expect(users.requests.map(({ headers, url }) => [headers['x-user-id'], url])).toEqual([
      ['mine', '/any'],
      ['mine', '/any'],
      ['shop', '/any'],
    ]);
  });
});
