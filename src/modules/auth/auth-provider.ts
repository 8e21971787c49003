import { createPublicKey, createSecretKey } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import type { AuthProviderConfig } from '../config/gateway-config.js';
import type { Identity } from '../routing/identity.js';

/** A token issuer compiled from its config: the key is parsed once, the algorithms are pinned. */
export class AuthProvider {
  readonly issuer: string | undefined;
  readonly clockSkewMs: number;
  private readonly algorithms: ReadonlySet<string>;
  private readonly jwt: JwtService;

  constructor(
    readonly id: string,
    config: AuthProviderConfig,
  ) {
    this.issuer = config.issuer;
    this.clockSkewMs = config.clockSkew;
    this.algorithms = new Set(config.algorithms);
    // A KeyObject: given a string, jsonwebtoken would try to parse it as a public key on each token.
    const key =
      config.secret === undefined
        ? { publicKey: createPublicKey(config.publicKey ?? '') }
        : { secret: createSecretKey(Buffer.from(config.secret)) };
    const { issuer, audience } = config;
    this.jwt = new JwtService({
      ...key,
      verifyOptions: {
        algorithms: [...config.algorithms],
        clockTolerance: config.clockSkew / 1000,
        ...(issuer === undefined ? {} : { issuer }),
        ...(audience === undefined ? {} : { audience: [...audience] as [string, ...string[]] }),
      },
    });
  }

  takes(algorithm: string): boolean {
    return this.algorithms.has(algorithm);
  }

  /**
   * @param nowMs milliseconds since the epoch
   * @throws JsonWebTokenError when the signature, a time or a claim does not hold
   */
  verify(token: string, nowMs: number): Identity & { readonly expiresAtMs: number } {
    const claims = this.jwt.verify<Record<string, unknown>>(token, {
      clockTimestamp: Math.floor(nowMs / 1000),
    });
    const { exp, sub } = claims;
    // A token without an end would be valid for ever; jsonwebtoken lets it through.
    if (typeof exp !== 'number') throw new TypeError('exp is required');
    return {
      provider: this.id,
      subject: typeof sub === 'string' ? sub : '',
      scopes: scopesOf(claims),
      claims,
      expiresAtMs: exp * 1000 + this.clockSkewMs,
    };
  }
}

/** `scope` is a space-separated string (RFC 8693), `scp` a list or a string. */
function scopesOf(claims: Record<string, unknown>): string[] {
  const given = claims['scope'] ?? claims['scp'];
  if (Array.isArray(given)) return given.filter((scope) => typeof scope === 'string');
  return typeof given === 'string' ? given.split(' ').filter((scope) => scope !== '') : [];
}
