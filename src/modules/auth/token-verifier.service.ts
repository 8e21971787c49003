import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.js';
import { CLOCK } from '../config/config.tokens.js';
import type { Identity } from '../routing/identity.js';
import { type Allowed, AuthProviders } from './auth-providers.js';
import { hashOf } from './bearer-tokens.js';
import { TokenDenylist } from './denylist/token-denylist.service.js';
import type { Verdict, Verified } from './jwt-provider.js';
import { LONGEST_TOKEN, readToken } from './token-header.js';
import { isRefusal, type Refusal } from './unavailable.js';

const REMEMBERED_TOKENS = 10_000;

/** Verifies tokens against the configured providers and remembers what it verified until it expires. */
@Injectable()
export class TokenVerifier {
  /** By SHA-256, so that no token stays in memory. */
  private readonly verified = new LRUCache<string, Verified>({ max: REMEMBERED_TOKENS });

  constructor(
    @Inject(AuthProviders) private readonly providers: AuthProviders,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(TokenDenylist) private readonly denylist: TokenDenylist,
  ) {
    // So that a token that is remembered needs no look at the list.
    denylist.grown.on(() => this.forgetDenied());
  }

  /**
   * @param allowed the only providers to accept; of these the token's issuer, or else its algorithm, picks
   * @param hashed its SHA-256
   * @returns why no provider vouches for the token, in place of an identity; a promise only when something must be
   *   fetched or computed elsewhere, and never for a token that is remembered
   */
  verify(
    token: string,
    allowed?: Allowed,
    hashed = hashOf(token),
  ): Identity | Refusal | Promise<Identity | Refusal> {
    const now = this.clock.wall();
    const remembered = this.verified.get(hashed);
    if (remembered && now < remembered.expiresAtMs && remembered.key?.retired !== true) {
      if (allowed === undefined || allowed.has(remembered.identity.provider)) return remembered.identity;
    }
    const verdict = this.judge(token, allowed, now);
    return verdict instanceof Promise
      ? verdict.then((each) => this.remember(hashed, each))
      : this.remember(hashed, verdict);
  }

  private judge(token: string, allowed: Allowed, nowMs: number): Verdict | Promise<Verdict> {
    const read = readToken(token);
    const issuer = read && this.providers.issuerOf(read, allowed);
    if (issuer) return issuer.verify(token, read, nowMs);
    if (token.length > LONGEST_TOKEN) return 'malformed';
    // A token that only its issuer can read may look like anything.
    return this.providers.introspectorOf(allowed)?.verify(token) ?? (read ? 'no_provider' : 'malformed');
  }

  private remember(hashed: string, verdict: Verdict): Identity | Refusal {
    if (isRefusal(verdict)) return verdict;
    if (this.denylist.denies(verdict.identity)) return 'revoked';
    this.verified.set(hashed, verdict);
    return verdict.identity;
  }

  private forgetDenied(): void {
    for (const [hashed, { identity }] of this.verified.entries()) {
      if (this.denylist.denies(identity)) this.verified.delete(hashed);
    }
  }
}
