import { beforeEach, describe, expect, it } from 'vitest';
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
  - { id: tokens, match: { path: /tokens }, upstream: users, auth: { provider: main } }
  - { id: forwarded, match: { path: /forwarded }, upstream: users, auth: { provider: main, forward: true } }
  - { id: keys, match: { path: /keys }, upstream: users, auth: { provider: partners } }
  - { id: keys-scoped, match: { path: /keys-scoped }, upstream: users, auth: { provider: partners, scopes: [orders] } }
  - { id: scoped, match: { path: /scoped }, upstream: users, auth: { scopes: [orders] } }
  - { id: optional, match: { path: /optional }, upstream: users, auth: { optional: true } }
  - { id: forwarding, match: { path: /forwarding }, upstream: users, auth: { forward: true } }
  - { id: open, match: { path: /open }, upstream: users, auth: none }
`;

const users = recording();
const gw = gateway(YAML).withUpstream('users', users.handler).startOnce();
beforeEach(users.clear);
const status = async (path: string, headers: Record<string, string> = {}) =>
  (await gw.fetch(path, { headers })).status;

const key = (of: string) => ({ 'x-api-key': `key-of-${of}` });

describe('an API key in a file', () => {
  it('works like an API key in the configuration', async () => {
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
  it('identifies its owner and is not forwarded to the upstream', async () => {
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

  it('can be sent in the query, from which the gateway removes it', async () => {
    expect(await status('/any?a=1&api_key=key-of-acme&b=%20')).toBe(200);
    expect(users.requests[0]?.url).toBe('/any?a=1&b=%20');
    expect(await status('/any?api_key=key-of-acme&api_key=key-of-acme')).toBe(401);
  });

  it('is forwarded when it authenticates the request and the route forwards credentials', async () => {
    expect(await status('/forwarding', key('acme'))).toBe(200);
    expect(await status('/forwarding?api_key=key-of-acme&a=1')).toBe(200);
    expect(users.requests[0]?.headers['x-api-key']).toBe('key-of-acme');
    expect(users.requests[1]?.url).toBe('/forwarding?api_key=key-of-acme&a=1');
    const fields = ['X-Api-Key: key-of-acme', 'X_Api_Key: key-of-shop', 'x-api_key: key-of-shop'];
    await raw(gw.url, requestHead('GET /forwarding', 'Connection: close', ...fields));
    expect(users.requests[2]?.headers['x-api-key']).toBe('key-of-acme');
    expect(users.requests[2]?.rawHeaders.join()).not.toContain('key-of-shop');
  });

  it.each([
    ['forged', bearer({}, { key: 'another secret of more than 32 bytes, for tests' })],
    ['good', bearer()],
    ['of no kind', { authorization: 'Basic YTpi' }],
  ])('prevents forwarding of an unverified token: one that is %s', async (_, other) => {
    expect(await status('/forwarding', { ...key('acme'), ...other })).toBe(200);
    expect(users.requests[0]?.headers).toMatchObject({ 'x-user-id': 'acme', 'x-api-key': 'key-of-acme' });
    expect(users.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it.each([
    ['is public', '/open', {}],
    ['takes tokens alone', '/tokens', bearer()],
    ['takes tokens alone and forwards them', '/forwarded', bearer()],
    ['takes both, and there is only a token', '/any', bearer(), 'as underscores'],
    ['may be called by anybody', '/optional', {}, 'as underscores'],
  ])(
    'is never forwarded by a route that does not accept it: one that %s',
    async (_, path, headers, only?: string) => {
      const fields = [
        ...Object.entries(headers).map((field) => field.join(': ')),
        ...['X_Api_Key', 'x_api-key', 'X_BATCH_KEY'].map((name) => `${name}: key-of-acme`),
        ...(only ? [] : ['X-Api-Key: key-of-acme', 'X-Api-Key: key-of-shop', 'X-Batch-Key: key-of-batch']),
      ];
      const query = only ? '?a=%20&b' : '?a=%20&api_key=key-of-acme&b&%61pi_key=key-of-shop&api_key';
      const answer = await raw(gw.url, requestHead(`GET ${path}${query}`, 'Connection: close', ...fields));
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(users.requests.map(({ url }) => url)).toEqual([`${path}?a=%20&b`]);
      expect(users.requests[0]?.rawHeaders.join()).not.toContain('key-of');
      expect(users.requests[0]?.headers).toMatchObject(path === '/forwarded' ? headers : {});
    },
  );

  it('is ignored by a public route, in the header and in the query', async () => {
    expect(await status('/open?api_key=wrong&keep=1', { 'x-api-key': 'wrong', 'x-other-key': 'mine' })).toBe(
      200,
    );
    expect(users.requests[0]?.url).toBe('/open?keep=1');
    expect(users.requests[0]?.headers).toMatchObject({ 'x-other-key': 'mine' });
  });

  it('is not forwarded in Authorization by a public route, which forwards other credentials', async () => {
    const users = recording();
    const gw = await gateway(`
auth: { own: { apiKeys: [{ id: batch, hash: "${hashApiKey('key-of-batch')}" }], header: Authorization } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: any, match: { path: /any }, upstream: users }
  - { id: forwarding, match: { path: /forwarding }, upstream: users, auth: { forward: true } }
  - { id: open, match: { path: /open }, upstream: users, auth: none }
`)
      .withUpstream('users', users.handler)
      .start();
    const headers = { authorization: 'key-of-batch' };
    for (const path of ['/any', '/open', '/forwarding'])
      expect((await gw.fetch(path, { headers })).status).toBe(200);
    expect(users.requests.map((request) => request.headers.authorization)).toEqual([
      undefined,
      undefined,
      'key-of-batch',
    ]);
  });

  it('gets a 401 with its own problem code when it is unknown', async () => {
    const response = await gw.fetch('/any', { headers: { 'x-api-key': 'wrong-key' } });
    expect(response.status).toBe(401);
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({ code: 'api_key_invalid' });
    expect(body).not.toContain('wrong-key');
    expect(await status('/optional', { 'x-api-key': 'wrong-key' })).toBe(401);
    expect(await status('/any', { 'x-batch-key': 'key-of-acme' })).toBe(401);
    expect(await status('/any', { 'x-api-key': 'wrong-key', ...bearer() })).toBe(401);
    expect(users.requests).toHaveLength(0);
  });

  it.each([
    ['/any', {}, /^Bearer realm="breakwater", ApiKey realm="breakwater"$/],
    ['/any', key('nobody'), /^Bearer realm="breakwater", ApiKey realm="breakwater"$/],
    [
      '/any',
      bearer({ exp: 1 }),
      /^Bearer realm="breakwater", error="invalid_token", .*, ApiKey realm="breakwater"$/,
    ],
    ['/keys', {}, /^ApiKey realm="breakwater"$/],
    ['/keys', key('nobody'), /^ApiKey realm="breakwater"$/],
    ['/tokens', {}, /^Bearer realm="breakwater"$/],
    ['/tokens', key('acme'), /^Bearer realm="breakwater"$/],
  ])(
    'gets a 401 that names each scheme that the route accepts: %s with %j',
    async (path, headers, challenge) => {
      const response = await gw.fetch(path, { headers });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(challenge);
    },
  );

  it('gets a 403 without a Bearer challenge when it lacks a scope and the route takes no tokens', async () => {
    const response = await gw.fetch('/keys-scoped', { headers: key('shop') });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([403, null]);
    const both = await gw.fetch('/scoped', { headers: key('shop') });
    expect(both.headers.get('www-authenticate')).toMatch(
      /^Bearer .*error="insufficient_scope".*scope="orders"$/,
    );
  });

  it('is accepted only on routes of its provider', async () => {
    expect(await status('/keys', key('acme'))).toBe(200);
    expect(await status('/keys', bearer())).toBe(401);
    expect(await status('/keys', { 'x-batch-key': 'key-of-batch' })).toBe(401);
    expect(await (await gw.fetch('/keys')).json()).toMatchObject({ code: 'api_key_missing' });
    expect(await status('/any', bearer())).toBe(200);
    expect(await (await gw.fetch('/any')).json()).toMatchObject({ code: 'token_missing' });
    expect(await status('/optional')).toBe(200);
  });

  it('takes precedence over a token, also where both are optional', async () => {
    expect(await status('/optional', { ...key('acme'), ...bearer({ exp: 1 }) })).toBe(200);
    expect(users.requests[0]?.headers['x-user-id']).toBe('acme');
    expect(users.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it('has the scopes of its configuration', async () => {
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
  ])('is rejected when it is sent %s', async (_, path, ...fields) => {
    const answer = await raw(gw.url, requestHead(`GET ${path}`, 'Connection: close', ...fields));
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(users.requests).toHaveLength(0);
  });

  it('is looked up in every provider that takes keys in the same place', async () => {
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
