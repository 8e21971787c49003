import { describe, expect, it } from 'vitest';
import type { AuthProviderConfig } from '../config/gateway-config.js';
import { issueToken } from './issue-token.js';

const provider = (rest: Partial<AuthProviderConfig>): AuthProviderConfig => ({
  jwks: { refresh: 600_000, cooldown: 30_000, maxStale: 86_400_000, timeout: 5_000, required: true },
  header: 'authorization',
  algorithms: ['RS256'],
  clockSkew: 0,
  forwardClaims: {},
  ...rest,
});
const introspection = { url: '', clientId: '', clientSecret: '', timeout: 1, maxAge: 1 };

describe('issueToken', () => {
  it.each<[string, Partial<AuthProviderConfig>]>([
    ['has a public key, which can verify tokens but not sign them', { publicKey: 'PEM' }],
    [
      'uses the keys of https://idp/jwks, which can verify tokens but not sign them',
      { jwksUri: 'https://idp/jwks' },
    ],
    ['uses the keys of https://idp, which can verify tokens but not sign them', { issuer: 'https://idp' }],
    ['asks its issuer about each token; only that can make one', { introspection, issuer: 'https://idp' }],
    ['takes API keys, not tokens; see breakwater api-key', { apiKeys: [] }],
  ])('reports why it cannot sign a token: the provider %s', (why, config) => {
    const request = { provider: 'main', sub: 'alice', expires: '1h' };
    expect(issueToken({ main: provider(config) }, request)).toEqual({
      ok: false,
      problem: `Provider main ${why}. Only one with a secret can sign a token here.`,
    });
  });

  it('refuses an empty user', () => {
    const auth = { dev: provider({ secret: 'a secret that is at least 32 bytes long' }) };
    expect(issueToken(auth, { sub: '', expires: '1h' })).toMatchObject({ ok: false });
  });

  it('uses the first provider with a secret', () => {
    const auth = {
      main: provider({ publicKey: 'PEM' }),
      dev: provider({
        secret: 'a secret that is at least 32 bytes long',
        algorithms: ['HS256'],
        issuer: 'dev',
      }),
    };
    const result = issueToken(auth, { sub: 'alice', expires: '1h' });
    const claims = result.ok ? Buffer.from(result.token.split('.')[1] ?? '', 'base64url').toString() : '{}';
    expect(JSON.parse(claims)).toMatchObject({ sub: 'alice', iss: 'dev' });
  });
});
