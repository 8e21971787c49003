import { describe, expect, it } from 'vitest';
import { type Authenticator, definePlugin } from '../../src/plugin.js';
import { echo, gateway } from '../support/gateway.js';
import { bearer, SECRET } from '../support/tokens.js';

const yaml = `
plugins: { probe: { timeout: 50ms, onError: skip } }
auth:
  partner: { plugin: probe, forwardClaims: { tier: X-User-Tier } }
  main: { secret: "${SECRET}", algorithms: [HS256] }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: partner, match: { path: /partner }, upstream: users, auth: { provider: partner } }
  - { id: scoped, match: { path: /scoped }, upstream: users, auth: { provider: partner, scopes: [write] } }
  - { id: forwarding, match: { path: /forwarding }, upstream: users, auth: { provider: partner, forward: true } }
  - { id: optional, match: { path: /optional }, upstream: users, auth: { provider: partner, optional: true } }
  - { id: both, match: { path: /both }, upstream: users }
  - { id: public, match: { path: /public }, upstream: users, auth: none }
`;

function start(authenticate: Authenticator['authenticate'], rest: Partial<Authenticator> = {}) {
  return gateway(yaml)
    .withUpstream('users', echo)
    .withPlugin(
      definePlugin({ name: 'probe', auth: () => ({ headers: ['X-Partner'], ...rest, authenticate }) }),
    )
    .start();
}

const key = (value: string) => ({ headers: { 'x-partner': value, x_partner: value } });
const known: Authenticator['authenticate'] = ({ headers: { 'x-partner': partner } }) => {
  if (partner === undefined) return 'missing';
  if (partner === 'wrong') return Promise.resolve('invalid' as const);
  return { subject: String(partner), scopes: ['read'], claims: { tier: 'gold' } };
};

async function headersOf(response: Response): Promise<Record<string, string>> {
  return ((await response.json()) as { headers: Record<string, string> }).headers;
}

describe('a provider that is a plugin', () => {
  it('sends the identity to the upstream, and not the credential', async () => {
    const gw = await start(known);
    const headers = await headersOf(await gw.fetch('/partner', key('acme')));
    expect(headers).toMatchObject({ 'x-user-id': 'acme', 'x-user-scopes': 'read', 'x-user-tier': 'gold' });
    for (const path of ['/partner', '/public', '/both']) {
      const got = await headersOf(await gw.fetch(path, key('acme')));
      expect(Object.keys(got).filter((name) => name.includes('partner'))).toEqual([]);
    }
    expect(await headersOf(await gw.fetch('/forwarding', key('acme')))).toHaveProperty('x-partner', 'acme');
  });

  it('is called before tokens are verified, and tokens count when it finds no credential', async () => {
    const gw = await start(known);
    const alice = bearer({ sub: 'alice' });
    expect(await headersOf(await gw.fetch('/both', { headers: alice }))).toHaveProperty('x-user-id', 'alice');
    const both = await gw.fetch('/both', { headers: { ...alice, 'x-partner': 'acme' } });
    const headers = await headersOf(both);
    expect(headers).toHaveProperty('x-user-id', 'acme');
    expect(headers).not.toHaveProperty('authorization');
  });

  it('rejects missing, invalid and insufficient credentials', async () => {
    const gw = await start(known, { challenge: 'Partner realm="shop"' });
    const answerTo = async (path: string, init?: RequestInit) => {
      const response = await gw.fetch(path, init);
      const { code } = (await response.json()) as { code: string };
      return [response.status, code, response.headers.get('www-authenticate')];
    };
    expect(await answerTo('/partner')).toEqual([401, 'credential_missing', 'Partner realm="shop"']);
    expect(await answerTo('/partner', key('wrong'))).toEqual([
      401,
      'credential_invalid',
      'Partner realm="shop"',
    ]);
    expect(await answerTo('/scoped', key('acme'))).toEqual([403, 'insufficient_scope', null]);
    expect(await answerTo('/both')).toEqual([
      401,
      'token_missing',
      'Bearer realm="breakwater", Partner realm="shop"',
    ]);
    expect((await gw.fetch('/optional')).status).toBe(200);
    expect((await gw.fetch('/optional', key('wrong'))).status).toBe(401);
  });

  it.each<[what: string, reason: string, authenticate: Authenticator['authenticate']]>([
    [
      'throws',
      'error',
      () => {
        throw new Error('boom');
      },
    ],
    ['rejects', 'error', () => Promise.reject(new Error('boom'))],
    ['hangs', 'timeout', () => new Promise<never>(() => undefined)],
    ['returns nothing', 'result', () => undefined as never],
    ['returns true', 'result', () => true as never],
    ['knows no subject', 'result', () => ({ subject: '' })],
    ['has scopes that are no list', 'result', () => ({ subject: 'a', scopes: 'write' as never })],
    ['has a scope with a blank', 'result', () => ({ subject: 'a', scopes: ['a write'] })],
  ])('rejects requests when it %s, and does not affect other routes', async (_, reason, authenticate) => {
    const gw = await start(authenticate);
    const [refused, optional, open] = await Promise.all([
      gw.fetch('/partner', key('acme')),
      gw.fetch('/optional', key('acme')),
      gw.fetch('/public'),
    ]);
    expect([refused.status, optional.status, open.status]).toEqual([503, 503, 200]);
    expect(refused.headers.get('retry-after')).toBe('1');
    const problem = (await refused.json()) as object;
    expect(problem).toMatchObject({ code: 'auth_plugin_failed' });
    expect(JSON.stringify(problem)).not.toMatch(/boom|probe/);
    const failures = `breakwater_plugin_failures_total{plugin="probe",kind="auth",reason="${reason}"}`;
    expect(await gw.metric(failures)).toBe(2);
    expect(await gw.metric('breakwater_auth_failures_total{reason="auth_plugin_failed"}')).toBe(2);
  });
});
