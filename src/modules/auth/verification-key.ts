import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import { compactVerify } from 'jose';
import type { AuthProviderConfig, TokenAlgorithm } from '../config/gateway-config.js';

/**
 * One key and the algorithms that it may be used with. `@nestjs/jwt` does the cryptography, and `jose` for EdDSA, which
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
  signed(token: string, algorithm: string): boolean | Promise<boolean> {
    if (!this.fits(algorithm)) return false;
    if (algorithm === 'EdDSA') {
      return compactVerify(token, this.key, { algorithms: ['EdDSA'] }).then(
        () => true,
        () => false,
      );
    }
    try {
      // `validUntil` checks the claims, for all kinds of keys.
      this.jwt.verify(token, { algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true });
      return true;
    } catch {
      return false;
    }
  }
}
