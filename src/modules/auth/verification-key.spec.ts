import { constants, createSecretKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
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
  it.each(ALGORITHMS)('verifies %s, and only what it signed', (alg) => {
    const { publicKey, privateKey } = PAIRS[alg];
    const key = new VerificationKey(publicKey, [alg]);
    const good = token({}, { header: { alg }, key: privateKey });
    expect(key.signed(good, alg)).toBe(true);
    const [header, payload, signature = ''] = good.split('.');
    const other = token({ sub: 'eve' }).split('.')[1];
    expect(key.signed(`${header}.${other}.${signature}`, alg)).toBe(false);
    const zeros = Buffer.alloc(Buffer.from(signature, 'base64url').length).toString('base64url');
    expect(key.signed(`${header}.${payload}.${zeros}`, alg)).toBe(false);
    expect(key.signed(`${header}.${payload}.AA`, alg)).toBe(false);
  });

  it.each(ALGORITHMS)('refuses %s when it is for another algorithm', (alg) => {
    const { publicKey, privateKey } = PAIRS[alg];
    const good = token({}, { header: { alg }, key: privateKey });
    const other = new VerificationKey(publicKey, [alg === 'PS256' ? 'RS256' : 'PS256']);
    expect(other.signed(good, alg)).toBe(false);
  });

  it('uses the requested algorithm, not the one in the token', () => {
    const key = new VerificationKey(rsa.publicKey, ['RS256', 'PS256']);
    const good = token({}, { header: { alg: 'RS256' }, key: rsa.privateKey });
    expect(key.signed(good, 'PS256')).toBe(false);
    expect(key.signed(good, 'none')).toBe(false);
  });

  it('refuses PS256 with a salt of another length than the hash', () => {
    const key = new VerificationKey(rsa.publicKey, ['PS256']);
    const [header, payload] = token({}, { header: { alg: 'PS256' }, key: rsa.privateKey }).split('.');
    const verdicts = [0, 20, 32].map((saltLength) => {
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      const signature = sign('sha256', Buffer.from(`${header}.${payload}`), {
        key: rsa.privateKey,
        padding,
        saltLength,
      });
      return key.signed(`${header}.${payload}.${signature.toString('base64url')}`, 'PS256');
    });
    expect(verdicts).toEqual([false, false, true]);
  });

  it('refuses ES256 in DER form', () => {
    const { publicKey, privateKey } = curve('P-256');
    const key = new VerificationKey(publicKey, ['ES256']);
    const [header, payload] = token({}, { header: { alg: 'ES256' }, key: privateKey }).split('.');
    const der = sign('sha256', Buffer.from(`${header}.${payload}`), privateKey);
    expect(key.signed(`${header}.${payload}.${der.toString('base64url')}`, 'ES256')).toBe(false);
  });
});
