import { generateKeyPairSync } from 'node:crypto';
import { HttpService } from '@nestjs/axios';
import { JwtService } from '@nestjs/jwt';
import { describe, expect, it } from 'vitest';
import { token as quickly } from '../../../test/support/tokens.js';
import type { Clock } from '../../common/clock.js';
import { ConfigStore } from '../config/config.store.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { TokenDenylist } from './denylist/token-denylist.service.js';
import { AuthPolicy } from './auth-policy.js';
import { Plugins } from '../plugins/plugins.service.js';
import { AuthProviders } from './auth-providers.js';
import type { AuthProviderConfig, GatewayConfig } from '../config/gateway-config.js';
import { TokenVerifier } from './token-verifier.service.js';

const SECRET = 'a secret of more than thirty-two bytes';
const NOW = 1_800_000_000;

class TestClock implements Clock {
  seconds = NOW;
  now = () => this.seconds * 1000;
  wallOffset = 0;
  wall = () => (this.seconds + this.wallOffset) * 1000;
}

function setUp(auth: Record<string, Partial<AuthProviderConfig>>) {
  const clock = new TestClock();
  const providers = Object.fromEntries(
    Object.entries(auth).map(([id, each]) => [
      id,
      { algorithms: ['HS256'] as const, clockSkew: 60_000, forwardClaims: {}, ...each },
    ]),
  );
  const store = new ConfigStore({
    auth: providers,
    plugins: {},
    redis: { url: '' },
  } as unknown as GatewayConfig);
  const denylist = new TokenDenylist(store, clock, new RedisConnection(store));
  const authProviders = new AuthProviders(store, clock, new HttpService(), new Plugins(store, [], clock));
  return { clock, denylist, verifier: new TokenVerifier(authProviders, clock, denylist) };
}

function sign(claims: object, secret = SECRET, algorithm: 'HS256' | 'HS512' = 'HS256'): string {
  return new JwtService({ secret }).sign({ iat: NOW, ...claims }, { algorithm });
}

describe('TokenVerifier', () => {
  it('picks the provider by issuer, whichever one verified the token before', () => {
    const issuer = 'https://idp.example/';
    const { verifier } = setUp({
      web: { secret: SECRET, issuer, audience: ['web'] },
      mobile: { secret: SECRET, issuer, audience: ['mobile'] },
    });
    const token = sign({ sub: 'alice', iss: issuer, aud: 'mobile', exp: NOW + 60 });
    const both = new Set(['web', 'mobile']);
    expect(verifier.verify(token, both)).toBe('audience');
    expect(verifier.verify(token, new Set(['mobile']))).toMatchObject({ provider: 'mobile' });
    expect(verifier.verify(token, both)).toBe('audience');
    expect(verifier.verify(token)).toBe('audience');
    expect(verifier.verify(token, new Set(['mobile']))).toMatchObject({ provider: 'mobile' });
  });

  it('returns the identity of a valid token', () => {
    const { verifier } = setUp({ main: { secret: SECRET } });
    const identity = verifier.verify(sign({ sub: 'alice', scope: 'a b', exp: NOW + 60 }));
    expect(identity).toMatchObject({ provider: 'main', subject: 'alice', scopes: ['a', 'b'] });
  });

  it('reads scopes from `scp` as a list', () => {
    const { verifier } = setUp({ main: { secret: SECRET } });
    expect(verifier.verify(sign({ scp: ['a', 'b', 1], exp: NOW + 60 }))).toMatchObject({
      scopes: ['a', 'b'],
    });
  });

  it('remembers a token only until it expires, skew included', () => {
    const { verifier, clock } = setUp({ main: { secret: SECRET } });
    const token = sign({ sub: 'alice', exp: NOW + 10 });
    const first = verifier.verify(token);
    // The same object: the second time nothing was verified.
    expect(verifier.verify(token)).toBe(first);
    clock.seconds = NOW + 10 + 59;
    expect(verifier.verify(token)).toBe(first);
    clock.seconds = NOW + 10 + 60;
    expect(verifier.verify(token)).toBe('expired');
  });

  it('remembers 10,000 tokens and drops the least recently used', () => {
    const { verifier } = setUp({ main: { secret: SECRET } });
    const token = (index: number) => quickly({ sub: `user-${index}`, exp: NOW + 60 }, { key: SECRET });
    const [first, second] = [verifier.verify(token(0)), verifier.verify(token(1))];
    for (let i = 2; i < 10_000; i++) void verifier.verify(token(i));
    expect(verifier.verify(token(0))).toBe(first);
    void verifier.verify(token(10_000));
    expect(verifier.verify(token(0))).toBe(first);
    expect(verifier.verify(token(1))).not.toBe(second);
  });

  it('remembers at most 32 MiB of tokens', () => {
    const { verifier } = setUp({ main: { secret: SECRET } });
    const pad = 'x'.repeat(11_000);
    const token = (index: number) => quickly({ pad, sub: `user-${index}`, exp: NOW + 60 }, { key: SECRET });
    const remembered = Math.floor((32 * 1024 * 1024) / (512 + token(100).length));
    const [first, second] = [verifier.verify(token(10_000)), verifier.verify(token(10_001))];
    for (let i = 2; i <= remembered; i++) void verifier.verify(token(10_000 + i));
    expect(verifier.verify(token(10_001))).toBe(second);
    expect(verifier.verify(token(10_000))).not.toBe(first);
  });

  it('remembers a token once for all routes with the same choice of providers', () => {
    const { verifier } = setUp({ main: { secret: SECRET }, other: { secret: SECRET } });
    const policies = [['main', 'other'], ['other', 'main'], ['other']].map(
      (providers) => new AuthPolicy({ providers }),
    );
    const token = sign({ sub: 'alice', exp: NOW + 60 });
    const [one, same, another] = policies.map(({ allowed }) => verifier.verify(token, allowed));
    expect(one).toMatchObject({ provider: 'main' });
    expect(same).toBe(one);
    expect(another).toMatchObject({ provider: 'other' });
  });

  it('forgets and refuses a token that is revoked', async () => {
    const { verifier, denylist } = setUp({ main: { secret: SECRET } });
    const [token, other] = ['a', 'b'].map((jti) => sign({ jti, exp: NOW + 60 })) as [string, string];
    const known = verifier.verify(other);
    expect(verifier.verify(token)).toMatchObject({ provider: 'main' });
    expect(await denylist.deny({ id: 'a', expiresAt: NOW + 60 })).toBe('local');
    expect(verifier.verify(token)).toBe('revoked');
    expect(verifier.verify(token)).toBe('revoked');
    expect(verifier.verify(other)).toBe(known);
  });

  it('uses the wall clock, which may be set forward or back', () => {
    const { verifier, clock } = setUp({ main: { secret: SECRET } });
    const token = sign({ sub: 'alice', nbf: NOW, exp: NOW + 600 });
    expect(verifier.verify(token)).toMatchObject({ subject: 'alice' });
    clock.wallOffset = 3600;
    expect(verifier.verify(token)).toBe('expired');
    clock.wallOffset = -120;
    expect(verifier.verify(sign({ sub: 'bob', nbf: NOW, exp: NOW + 600 }))).toBe('not_yet_valid');
    clock.wallOffset = -60;
    expect(verifier.verify(sign({ sub: 'bob', nbf: NOW, exp: NOW + 600 }))).toMatchObject({ subject: 'bob' });
  });

  it.each([
    ['without exp', {}, 'claims'],
    ['with exp as a string', { exp: `${NOW + 60}` }, 'claims'],
    ['expired beyond the skew', { exp: NOW - 61 }, 'expired'],
    ['not valid yet beyond the skew', { exp: NOW + 600, nbf: NOW + 61 }, 'not_yet_valid'],
  ])('refuses a token %s', (_, claims, reason) => {
    const { verifier } = setUp({ main: { secret: SECRET } });
    // As text, because jsonwebtoken would not sign such claims.
    expect(verifier.verify(new JwtService({ secret: SECRET }).sign(JSON.stringify(claims)))).toBe(reason);
  });

  it('refuses another secret, another algorithm and an unsigned token', () => {
    const { verifier } = setUp({ main: { secret: SECRET } });
    const claims = { exp: NOW + 60 };
    expect(verifier.verify(sign(claims, 'another secret of thirty-two bytes..'))).toBe('signature');
    expect(verifier.verify(sign(claims, SECRET, 'HS512'))).toBe('no_provider');
    const [, payload] = sign(claims).split('.');
    for (const alg of ['none', 'None', 'nOnE']) {
      const header = Buffer.from(JSON.stringify({ alg })).toString('base64url');
      expect(verifier.verify(`${header}.${payload}.YQ`)).toBe('no_provider');
    }
  });

  it('refuses a token signed with the public key as a secret', () => {
    const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
      type: 'spki',
      format: 'pem',
    });
    const { verifier } = setUp({ main: { publicKey: pem, algorithms: ['RS256'] } });
    const header = { alg: 'HS256' };
    const unsigned = [header, { exp: NOW + 60 }].map((each) =>
      Buffer.from(JSON.stringify(each)).toString('base64url'),
    );
    expect(verifier.verify(`${unsigned.join('.')}.c2lnbmF0dXJl`)).toBe('no_provider');
  });

  it('picks the provider by issuer, and one without an issuer for the rest', () => {
    const other = 'the other secret of thirty-two bytes';
    const { verifier } = setUp({
      partner: { secret: other, issuer: 'https://partner' },
      own: { secret: SECRET },
    });
    const exp = NOW + 60;
    expect(verifier.verify(sign({ exp, iss: 'https://partner' }, other))).toMatchObject({
      provider: 'partner',
    });
    expect(verifier.verify(sign({ exp, iss: 'https://else' }))).toMatchObject({ provider: 'own' });
    expect(verifier.verify(sign({ exp, iss: 'https://partner' }))).toBe('signature');
  });

  it('accepts only the providers that a route names, for remembered tokens too', () => {
    const { verifier } = setUp({
      a: { secret: SECRET },
      b: { secret: 'the other secret of thirty-two bytes' },
    });
    const token = sign({ exp: NOW + 60 });
    expect(verifier.verify(token, new Set('a'))).toMatchObject({ provider: 'a' });
    expect(verifier.verify(token, new Set('b'))).toBe('signature');
  });

  it('checks the audience', () => {
    const { verifier } = setUp({ main: { secret: SECRET, audience: ['gateway'] } });
    const exp = NOW + 60;
    expect(verifier.verify(sign({ exp, aud: ['x', 'gateway'] }))).toMatchObject({ provider: 'main' });
    expect(verifier.verify(sign({ exp, aud: 'gateway-2' }))).toBe('audience');
    expect(verifier.verify(sign({ exp }))).toBe('audience');
  });
});
