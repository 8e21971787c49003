import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';

const yaml = `
management: { port: 0 }
upstreams: { users: { url: http://127.0.0.1:9 } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`;

describe.each([
  ['cache.purge', '/admin/cache/purge?all=true'],
  // The gateway of this test has no file to read.
  ['config.reload', '/admin/config/reload'],
  ['token.revoke', '/admin/tokens/revoke?jti=7f3c&exp=9000000000'],
])('%s', (action, path) => {
  const act = async (body?: string) => {
    const gw = await gateway(yaml).start();
    const answer = await gw.management(path, { method: 'POST', body });
    const audit = await (await gw.management('/admin/audit')).json();
    return { answer, audit };
  };

  it('is recorded in the audit list with its reason', async () => {
    const { audit } = await act('{ "reason": "wrong prices" }');
    expect(audit).toMatchObject({ entries: [{ action, reason: 'wrong prices' }] });
  });

  it('needs no reason', async () => {
    const { audit } = await act();
    expect(audit).toMatchObject({ entries: [{ action }] });
  });

  it('is rejected without an effect when its body is invalid', async () => {
    const { answer, audit } = await act('{ "raeson": "wrong prices" }');
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 'admin_request_invalid',
      detail: 'unknown key "raeson"',
    });
    expect(audit).toEqual({ entries: [] });
  });
});
