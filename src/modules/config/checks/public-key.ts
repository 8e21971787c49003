import { createPublicKey, type KeyObject } from 'node:crypto';
import type { PublicKeyAlgorithm } from '../gateway-config.js';

/** RFC 7518 section 3.3. */
export const MIN_RSA_BITS = 2048;

/** RFC 7518 section 3.4: each ES algorithm has one curve, by its OpenSSL name. */
const CURVES: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
};

/**
 * Reads the PEM text of a public key. Messages never contain any of it.
 * @returns `expected`, which says what is allowed, when the text is not a key that can verify tokens
 */
export function readPublicKey(pem: string): { key: KeyObject } | { expected: string } {
  // Node would derive the public key from it, and the gateway would keep a key that only the issuer should have.
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    return { expected: 'a public key; this is a private key' };
  try {
    const key = createPublicKey(pem);
    const bits = key.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS;
    return bits < MIN_RSA_BITS
      ? { expected: `an RSA key of at least ${MIN_RSA_BITS} bits, this has ${bits}` }
      : { key };
  } catch {
    return { expected: 'a public key as PEM text that can be parsed' };
  }
}

/** @returns which kind of key `algorithm` needs, when `key` is of another kind */
export function unfitKey(key: KeyObject, algorithm: PublicKeyAlgorithm): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (algorithm === 'EdDSA') return type === 'ed25519' ? undefined : 'an Ed25519 key';
  const curve = CURVES[algorithm];
  if (curve !== undefined) return details?.namedCurve === curve ? undefined : `an EC key on ${curve}`;
  const isRsa = type === 'rsa' || (algorithm.startsWith('PS') && type === 'rsa-pss');
  return isRsa ? undefined : 'an RSA key';
}
