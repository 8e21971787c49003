import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { fieldsOf, recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';

const withHeaders = (headers: string, rest = '') => `
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users, headers: ${headers}, ${rest} }]
`;

describe('the header rules of a route', () => {
  it('set and remove request headers', async () => {
    const users = recording();
    const gw = await gateway(withHeaders('{ request: { set: { X-Api: "2" }, remove: [Cookie, X-Debug] } }'))
      .withUpstream('users', users.handler)
      .start();
    await gw.fetch('/', { headers: { 'x-API': '1', cookie: 'a=b', 'X-DEBUG': 'on', 'x-kept': 'yes' } });
    const [request] = users.requests;
    if (!request) throw new Error('Nothing arrived');
    expect(fieldsOf(request, 'x-api')).toEqual(['2']);
    expect(request.headers).toMatchObject({ 'x-kept': 'yes' });
    expect(request.headers).not.toHaveProperty('cookie');
    expect(request.headers).not.toHaveProperty('x-debug');
  });

  it('set and remove response headers, security headers included', async () => {
    const rules = '{ response: { set: { x-frame-options: DENY, X-Site: a }, remove: [server, set-cookie] } }';
    const gw = await gateway(withHeaders(rules))
      .withUpstream('users', (_req, res) => {
        res.writeHead(200, { Server: 'nginx/1.2', 'Set-Cookie': ['a=1', 'b=2'], 'X-SITE': 'b' }).end('hi');
      })
      .start();
    const { headers } = await gw.fetch('/');
    expect(headers.get('server')).toBeNull();
    expect(headers.getSetCookie()).toEqual([]);
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-site')).toBe('a');
  });

  it('apply to cached responses, which are stored as the upstream sent them', async () => {
    const users = recording((_req, res) => {
      res.writeHead(200, { 'Cache-Control': 'max-age=60', 'X-Internal': '1' }).end('hi');
    });
    const rules = '{ response: { set: { cache-control: no-store }, remove: [x-internal] } }';
    const gw = await gateway(withHeaders(rules, 'cache: {}')).withUpstream('users', users.handler).start();
    for (const status of ['fwd=uri-miss', 'hit']) {
      const response = await gw.fetch('/');
      expect(response.headers.get('cache-status')).toContain(status);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.has('x-internal')).toBe(false);
      expect(await response.text()).toBe('hi');
    }
    expect(users.requests).toHaveLength(1);
  });
});

describe('templates in the headers of a route', () => {
  const users = recording((_req, res) => {
    res.writeHead(200, { 'Cache-Control': 'public, max-age=60' }).end('hi');
  });
  const gw = gateway(`
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - id: users
    match: { path: "/users/{id}" }
    upstream: users
    auth: { optional: true }
    cache: { per: public }
    headers:
      request: { set: { X-Tenant: "{claim:tenant}", X-Of: "{id}" } }
      response: { set: { X-Tenant: "{claim:tenant}", X-Of: "/{id}" } }
`)
    .withUpstream('users', users.handler)
    .startOnce();

  it('are filled from the path and the token, and never from the client', async () => {
    await gw.fetch('/users/7', {
      headers: { ...bearer({ tenant: 'acme' }), 'x-tenant': 'evil', 'x-of': '1' },
    });
    await gw.fetch('/users/8', { headers: { 'x-tenant': 'evil' } });
    expect(users.requests.map((each) => [fieldsOf(each, 'x-tenant'), fieldsOf(each, 'x-of')])).toEqual([
      [['acme'], ['7']],
      [[], ['8']],
    ]);
  });

  it('are filled for each use of a cached response', async () => {
    const told = [];
    for (const headers of [bearer({ tenant: 'acme' }), bearer({ tenant: 'globex' }), {}]) {
      const response = await gw.fetch('/users/9', { headers });
      told.push(['x-tenant', 'x-of', 'cache-status'].map((name) => response.headers.get(name)));
    }
    expect(told).toEqual([
      ['acme', '/9', expect.stringContaining('fwd')],
      ['globex', '/9', expect.stringContaining('hit')],
      [null, '/9', expect.stringContaining('hit')],
    ]);
  });
});
