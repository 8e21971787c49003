import { createPublicKey, createSecretKey, type KeyObject, verify } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import type { AuthProviderConfig, TokenAlgorithm } from '../config/gateway-config.js';

/**
 * One key and the algorithms that it may be used with. `@nestjs/jwt` verifies signatures, except those of EdDSA, which
 * the jsonwebtoken in `@nestjs/jwt` does not support.
 */
export class VerificationKey {
  /** The issuer has withdrawn the key, so tokens that it signed are no longer valid. */
  retired = false;
  private readonly jwt: JwtService;

  /** @param key a `KeyObject`: text would be parsed as a public key for each token */
  constructor(
    private readonly key: KeyObject,
    readonly algorithms: readonly TokenAlgorithm[],
    /** Its `kid`. */
    readonly id?: string,
  ) {
    this.jwt = new JwtService(key.type === 'secret' ? { secret: key } : { publicKey: key });
  }

  static ofConfig({ secret, publicKey, algorithms }: AuthProviderConfig): VerificationKey {
    const key =
      secret === undefined ? createPublicKey(publicKey ?? '') : createSecretKey(Buffer.from(secret));
    return new VerificationKey(key, algorithms);
  }

  fits(algorithm: string): algorithm is TokenAlgorithm {
    return (this.algorithms as readonly string[]).includes(algorithm);
  }

  /**
   * @param algorithm the one that the token names; only those of this key are used
   * @returns whether the key signed the token, whatever its claims
   */
  signed(token: string, algorithm: string): boolean {
    if (!this.fits(algorithm)) return false;
    if (algorithm === 'EdDSA') return this.signedWithEd25519(token);
    try {
      // `validUntil` checks the claims, for all kinds of keys.
      this.jwt.verify(token, { algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true });
      return true;
    } catch {
      return false;
    }
  }

  /** RFC 8037 section 3.1, for a token that `readToken` accepts: it has no header parameter that changes what is signed. */
  private signedWithEd25519(token: string): boolean {
    const end = token.lastIndexOf('.');
    const signature = Buffer.from(token.slice(end + 1), 'base64url');
    return verify(null, Buffer.from(token.slice(0, end)), this.key, signature);
  }
}
