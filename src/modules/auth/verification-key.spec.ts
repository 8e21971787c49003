import { createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { TokenAlgorithm } from '../config/gateway-config.js';
import { token } from '../../../test/support/tokens.js';
import { VerificationKey } from './verification-key.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const SECRET = 's'.repeat(64);
const secret = { publicKey: createSecretKey(Buffer.from(SECRET)), privateKey: SECRET };

const PAIRS: Record<TokenAlgorithm, { publicKey: KeyObject; privateKey: KeyObject | string }> = {
  HS256: secret,
  HS384: secret,
  HS512: secret,
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  PS384: rsa,
  PS512: rsa,
  ES256: curve('P-256'),
  ES384: curve('P-384'),
  ES512: curve('P-521'),
  EdDSA: generateKeyPairSync('ed25519'),
};
const ALGORITHMS = Object.keys(PAIRS) as TokenAlgorithm[];

describe('VerificationKey', () => {
  it.each(ALGORITHMS)('verifies %s, and only what it signed', async (alg) => {
    const { publicKey, privateKey } = PAIRS[alg];
    const key = new VerificationKey(publicKey, [alg]);
    const good = token({}, { header: { alg }, key: privateKey });
    expect(await key.signed(good, alg)).toBe(true);
    const [header, payload, signature = ''] = good.split('.');
    const other = token({ sub: 'eve' }).split('.')[1];
    expect(await key.signed(`${header}.${other}.${signature}`, alg)).toBe(false);
    const zeros = Buffer.alloc(Buffer.from(signature, 'base64url').length).toString('base64url');
    expect(await key.signed(`${header}.${payload}.${zeros}`, alg)).toBe(false);
    expect(await key.signed(`${header}.${payload}.AA`, alg)).toBe(false);
  });

  it.each(ALGORITHMS)('refuses %s when it is for another algorithm', async (alg) => {
    const { publicKey, privateKey } = PAIRS[alg];
    const good = token({}, { header: { alg }, key: privateKey });
    const other = new VerificationKey(publicKey, [alg === 'PS256' ? 'RS256' : 'PS256']);
    expect(await other.signed(good, alg)).toBe(false);
  });

  it('goes by the algorithm that it was asked for, not by the one in the token', async () => {
    const key = new VerificationKey(rsa.publicKey, ['RS256', 'PS256']);
    const good = token({}, { header: { alg: 'RS256' }, key: rsa.privateKey });
    expect(await key.signed(good, 'PS256')).toBe(false);
    expect(await key.signed(good, 'none')).toBe(false);
  });

  it('passes the HS256 example of RFC 7515 (A.1)', async () => {
    const k = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow';
    const example =
      'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
    const key = new VerificationKey(createSecretKey(Buffer.from(k, 'base64url')), ['HS256']);
    expect(await key.signed(example, 'HS256')).toBe(true);
  });

  it('passes the ES256 example of RFC 7515 (A.3)', async () => {
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    };
    const example =
      'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q';
    const key = new VerificationKey(createPublicKey({ key: jwk, format: 'jwk' }), ['ES256']);
    expect(await key.signed(example, 'ES256')).toBe(true);
  });
});
