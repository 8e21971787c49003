import type { Clock } from '../../common/clock.js';
import type { AuthProviderConfig } from '../config/gateway-config.js';
import type { Identity } from '../routing/identity.js';
import { typeName, type UnverifiedToken } from './bearer-token.js';
import { validUntil } from './claims.js';
import { identityOf } from './identity-of.js';
import { isRefusal, type Refusal } from './refusal.js';
import type { VerificationKey } from './verification-key.js';

/** Valid until the token expires, or until the key that signed it is retired. */
export interface Verified {
  readonly identity: Identity;
  /** Milliseconds since the epoch, skew included. */
  readonly expiresAtMs: number;
  readonly key: { readonly retired: boolean };
}

export type Verdict = Verified | Refusal;

export type FoundKeys = readonly VerificationKey[] | Refusal;

/** @returns the keys that may have signed the token; a promise only when they must be fetched first */
export type FindKeys = (token: UnverifiedToken) => FoundKeys | Promise<FoundKeys>;

/** An issuer of JWTs, compiled from its config. Its algorithms are pinned, so that no token chooses. */
export class JwtProvider {
  readonly issuer: string | undefined;
  private readonly algorithms: ReadonlySet<string>;
  private readonly type: string | undefined;

  constructor(
    readonly id: string,
    private readonly config: AuthProviderConfig,
    private readonly findKeys: FindKeys,
    private readonly clock: Clock,
  ) {
    const { issuer, algorithms, typ } = config;
    this.issuer = issuer;
    this.algorithms = new Set(algorithms);
    this.type = typ === undefined ? undefined : typeName(typ);
  }

  accepts(algorithm: string): boolean {
    return this.algorithms.has(algorithm);
  }

  /**
   * @param read what `token` says of itself
   * @returns a promise only when keys must be fetched
   */
  verify(token: string, read: UnverifiedToken): Verdict | Promise<Verdict> {
    if (this.type !== undefined && read.type !== this.type) return 'type';
    const verifyWith = (keys: FoundKeys): Verdict => {
      if (isRefusal(keys)) return keys;
      const key = keys.find((each) => each.signed(token, read.algorithm));
      return key ? this.accept(read.claims, key) : 'signature';
    };
    const found = this.findKeys(read);
    return found instanceof Promise ? found.then(verifyWith) : verifyWith(found);
  }

  private accept(claims: UnverifiedToken['claims'], key: VerificationKey): Verdict {
    // The clock is read last, since the keys may have taken time to fetch.
    const end = validUntil(claims, this.config, this.clock.wall());
    if (typeof end === 'string') return end;
    const identity = identityOf(claims, this.id, this.config.forwardClaims);
    return { identity, expiresAtMs: end, key };
  }
}
