import type { Clock } from '../../common/clock.js';
import type { AuthProviderConfig } from '../config/gateway-config.js';
import type { Identity } from '../routing/identity.js';
import { type IdentityRules, identityOf } from './identity-of.js';
import type { FoundKeys, KeySource } from './key-source.js';
import { type ClaimRules, refusalOf } from './registered-claims.js';
import { typeName, type UnverifiedToken } from './token-header.js';
import { isRefusal, type Refusal } from './unavailable.js';
import type { VerificationKey } from './verification-key.js';

/** What holds until the token ends, or until what vouches for it no longer does. */
export interface Verified {
  readonly identity: Identity;
  /** Milliseconds since the epoch, skew included. */
  readonly expiresAtMs: number;
  readonly key?: { readonly retired: boolean };
}

export type Verdict = Verified | Refusal;

/** An issuer of JWTs compiled from its config: the algorithms are pinned, no token chooses. */
export class JwtProvider {
  readonly issuer: string | undefined;
  private readonly algorithms: ReadonlySet<string>;
  private readonly type: string | undefined;
  private readonly rules: ClaimRules & IdentityRules;

  constructor(
    readonly id: string,
    config: AuthProviderConfig,
    private readonly keys: KeySource,
    private readonly clock: Clock,
  ) {
    this.issuer = config.issuer;
    this.algorithms = new Set(config.algorithms);
    this.type = config.typ === undefined ? undefined : typeName(config.typ);
    this.rules = {
      provider: id,
      issuer: config.issuer,
      audience: config.audience,
      clockSkewMs: config.clockSkew,
      forwardClaims: config.forwardClaims,
    };
  }

  takes(algorithm: string): boolean {
    return this.algorithms.has(algorithm);
  }

  /**
   * @param read what `token` says of itself
   * @returns a promise only when keys must be fetched, or for EdDSA
   */
  verify(token: string, read: UnverifiedToken): Verdict | Promise<Verdict> {
    if (this.type !== undefined && read.type !== this.type) return 'type';
    const found = this.keys.find(read);
    const verifyWith = (keys: FoundKeys) => (isRefusal(keys) ? keys : this.tryKeys(keys, 0, token, read));
    return found instanceof Promise ? found.then(verifyWith) : verifyWith(found);
  }

  private tryKeys(
    keys: readonly VerificationKey[],
    index: number,
    token: string,
    read: UnverifiedToken,
  ): Verdict | Promise<Verdict> {
    const key = keys[index];
    if (!key) return 'signature';
    const proceed = (signed: boolean) =>
      signed ? this.accept(read.claims, key) : this.tryKeys(keys, index + 1, token, read);
    const signed = key.signed(token, read.algorithm);
    return signed instanceof Promise ? signed.then(proceed) : proceed(signed);
  }

  private accept(claims: UnverifiedToken['claims'], key: VerificationKey): Verdict {
    // Asked only now: the keys may have been waited for.
    const refusal = refusalOf(claims, this.rules, this.clock.wall());
    if (refusal !== undefined) return refusal;
    // `refusalOf` lets only numbers through.
    const exp = claims['exp'] as number;
    return {
      identity: identityOf(claims, this.rules),
      expiresAtMs: exp * 1000 + this.rules.clockSkewMs,
      key,
    };
  }
}
