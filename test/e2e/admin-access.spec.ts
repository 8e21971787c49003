import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';

const start = (management = '{ port: 0 }') =>
  gateway(`
management: ${management}
upstreams: { api: { url: "http://127.0.0.1:1" } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`).start();

describe('access to the admin API', () => {
  it('requires the header X-Breakwater-Action for changes', async () => {
    const gw = await start();
    const url = `${gw.gateway.managementUrl}/admin/cache/purge?all=true`;
    const refused = await fetch(url, { method: 'POST' });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'admin_header_required' });
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-breakwater-action',
      },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    expect((await fetch(url, { method: 'POST', headers: { 'X-Breakwater-Action': '1' } })).status).toBe(200);
  });

  it.each(['Via', 'Forwarded', 'X-Forwarded-For'])(
    'needs a token behind a proxy that sends %s',
    async (name) => {
      const headers = { [name]: '1.1 breakwater' };
      const open = await start();
      const refused = await open.management('/admin/overview', { headers });
      expect(refused.status).toBe(401);
      expect(await refused.json()).toMatchObject({ code: 'admin_token_required' });
      expect((await open.management('/health', { headers })).status).toBe(200);
      const gw = await start('{ port: 0, token: "operators-only-token" }');
      const withToken = { ...headers, authorization: 'Bearer operators-only-token' };
      expect((await gw.management('/admin/overview', { headers: withToken })).status).toBe(200);
    },
  );

  it.each([
    ['GET', '/admin/upstreams/%zz', 400, 'admin_request_invalid'],
    ['GET', '/admin/cache/entries', 400, 'admin_request_invalid'],
    ['POST', '/admin/cache/purge', 400, 'admin_request_invalid'],
    ['POST', '/admin/tokens/revoke', 400, 'admin_request_invalid'],
    ['POST', '/admin/tokens/revoke?jti=a', 400, 'admin_request_invalid'],
    ['POST', '/admin/tokens/revoke?jti=a&exp=1', 400, 'admin_request_invalid'],
    ['GET', '/admin/nothing', 404, 'no_route'],
  ])('answers %s %s with a problem document', async (method, path, status, code) => {
    const response = await (await start()).management(path, { method });
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({ status, code });
  });

  it('is denied to an address after ten wrong tokens, even with the right token', async () => {
    const gw = await start('{ port: 0, token: "operators-only-token" }');
    const ask = (token: string) =>
      gw.management('/admin/overview', { headers: { authorization: `Bearer ${token}` } });
    expect((await ask('operators-only-token')).status).toBe(200);
    // A browser asks without a token first.
    for (let i = 0; i < 20; i++) expect((await gw.management('/admin/overview')).status).toBe(401);
    for (let i = 0; i < 10; i++) expect((await ask(`guess-${i}`)).status).toBe(401);
    const refused = await ask('operators-only-token');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'admin_attempts_exceeded' });
    expect((await gw.management('/health')).status).toBe(200);
  });
});
