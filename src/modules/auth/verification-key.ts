import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import { compactVerify } from 'jose';
import type { AuthProviderConfig, TokenAlgorithm } from '../config/gateway-config.js';

/**
 * One key and the algorithms it may be used with. THE seam to whoever does the cryptography: `@nestjs/jwt`, and
 * `jose` for EdDSA, which jsonwebtoken under `@nestjs/jwt` does not know.
 */
export class VerificationKey {
  /** The issuer has withdrawn it: what it signed is no longer valid. */
  retired = false;
  private readonly jwt: JwtService;

  /** @param key parsed: given text, jsonwebtoken would try to parse it as a public key on each token */
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
   * Did the holder of the key sign this token? Says nothing about its claims.
   *
   * @param algorithm the one that the token names; only those of this key are used
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
      // The claims are judged in one place for all kinds of keys: registered-claims.ts.
      this.jwt.verify(token, { algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true });
      return true;
    } catch {
      return false;
    }
  }
}
