import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';
import { MIN_RSA_BITS, unfitKey } from '../../config/checks/public-key.js';
import type { PublicKeyAlgorithm } from '../../config/gateway-config.js';
import { isRecord } from '../../../common/claim-path.js';

export interface PublishedKey {
  readonly id: string | undefined;
  readonly key: KeyObject;
  /** Algorithms of the provider that the key may be used with; at least one. */
  readonly algorithms: readonly PublicKeyAlgorithm[];
  /** Equal for equal keys that are published in the same way. */
  readonly fingerprint: string;
}

/** A larger set is not a set of signing keys. */
const MAX_KEYS = 100;
const KINDS: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);

/**
 * Picks the keys of a JWK set that tokens may be verified with. As RFC 7517 section 5 asks, it ignores keys for
 * encryption, of another kind or for another algorithm, and keys that it cannot read.
 *
 * @param algorithms those that the provider pins
 * @returns `undefined` when `document` is not a JWK set
 */
export function readJwks(
  document: unknown,
  algorithms: readonly PublicKeyAlgorithm[],
): PublishedKey[] | undefined {
  const keys = isRecord(document) ? document['keys'] : undefined;
  if (!Array.isArray(keys)) return undefined;
  return keys.slice(0, MAX_KEYS).flatMap((jwk: unknown) => readKey(jwk, algorithms) ?? []);
}

function readKey(jwk: unknown, pinned: readonly PublicKeyAlgorithm[]): PublishedKey | undefined {
  if (!isRecord(jwk) || !KINDS.has(jwk['kty'])) return undefined;
  const { kid, use, alg, key_ops: operations } = jwk;
  if (kid !== undefined && typeof kid !== 'string') return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return undefined;
  const key = importKey(jwk);
  if (!key || (key.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS) < MIN_RSA_BITS) return undefined;
  const algorithms = pinned.filter(
    (each) => (alg === undefined || alg === each) && unfitKey(key, each) === undefined,
  );
  if (algorithms.length === 0) return undefined;
  const material = key.export({ type: 'spki', format: 'der' }).toString('base64');
  return { id: kid, key, algorithms, fingerprint: JSON.stringify([kid, algorithms, material]) };
}

function importKey({ kty, crv, n, e, x, y }: Readonly<Record<string, unknown>>): KeyObject | undefined {
  try {
    // The public members only, in case an issuer has published private ones by mistake. `createPublicKey` checks types.
    return createPublicKey({ key: { kty, crv, n, e, x, y } as webcrypto.JsonWebKey, format: 'jwk' });
  } catch {
    return undefined;
  }
}
