import { expect, it } from 'vitest';
import { definePlugin, type PluginIdentity } from '../../src/plugin.js';
import { echo, gateway } from '../support/gateway.js';
import { bearer, SECRET } from '../support/tokens.js';

function isRefused(attempt: () => unknown): boolean {
  try {
    attempt();
    return false;
  } catch {
    return true;
  }
}

it('a plugin cannot change the caller of its request, nor of later requests with the same token', async () => {
  const seen: unknown[] = [];
  const refused: boolean[] = [];
  const attempts = (caller: PluginIdentity): Array<() => unknown> => [
    () => (caller.scopes as string[]).push('admin'),
    () => ((caller.claims as { role: string }).role = 'root'),
    () => (caller.claims as { groups: { names: string[] }[] }).groups[0]?.names.push('root'),
    () => ((caller as { subject: string }).subject = 'root'),
    // An internal list, which the plugin must not get at all.
    () => (caller as unknown as { upstreamHeaders: string[] }).upstreamHeaders.push('X-User-Role', 'root'),
  ];
  const gw = await gateway(`
plugins: { probe: {} }
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: hooked, match: { path: /hooked }, upstream: users, plugins: [probe] }
  - { id: admin, match: { path: /admin }, upstream: users, auth: { scopes: [admin] } }
  - { id: role, match: { path: /role }, upstream: users, auth: { claims: { role: root } } }
`)
    .withUpstream('users', echo)
    .withPlugin(
      definePlugin({
        name: 'probe',
        hooks: () => ({
          onRequest: ({ identity }) => {
            if (!identity) return undefined;
            seen.push(structuredClone(identity));
            for (const attempt of attempts(identity)) refused.push(isRefused(attempt));
            return undefined;
          },
        }),
      }),
    )
    .start();
  const headers = bearer({ sub: 'alice', scope: 'read', role: 'user', groups: [{ names: ['staff'] }] });
  for (let i = 0; i < 2; i++) {
    const hooked = await gw.fetch('/hooked', { headers });
    const got = ((await hooked.json()) as { headers?: Record<string, string> }).headers;
    expect(got).toMatchObject({ 'x-user-id': 'alice', 'x-user-scopes': 'read' });
    expect(got).not.toHaveProperty('x-user-role');
    expect((await gw.fetch('/admin', { headers })).status).toBe(403);
    expect((await gw.fetch('/role', { headers })).status).toBe(403);
  }
  const caller = {
    subject: 'alice',
    scopes: ['read'],
    claims: expect.objectContaining({ role: 'user', groups: [{ names: ['staff'] }] }) as unknown,
  };
  expect(seen).toEqual([caller, caller]);
  expect(refused).toEqual(Array.from({ length: 10 }, () => true));
});
