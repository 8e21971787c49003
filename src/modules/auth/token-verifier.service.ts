import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.js';
import { CLOCK } from '../config/config.tokens.js';
import type { Identity } from '../routing/identity.js';
import type { Allowed } from './auth-policy.js';
import { AuthProviders } from './auth-providers.js';
import { isBearerToken, readToken } from './bearer-token.js';
import { TokenDenylist } from './denylist/token-denylist.service.js';
import type { Verdict, Verified } from './jwt-provider.js';
import { isRefusal, type Refusal } from './refusal.js';

const MAX_REMEMBERED = 10_000;
/** Characters of remembered tokens: what is kept of one grows with its claims. */
const MAX_REMEMBERED_SIZE = 32 * 1024 * 1024;
/** What an entry takes beside its claims, in characters. */
const ENTRY_SIZE = 512;

/** Verifies tokens with the configured providers, and remembers what it verified until it expires. */
@Injectable()
export class TokenVerifier {
  /**
   * By token, and then by choice of providers: another provider may map the claims differently, or not know the user.
   * The key is the token itself, since hashing it would cost more than everything else that a remembered token needs.
   */
  private readonly remembered = new LRUCache<string, ReadonlyMap<Allowed, Verified>>({
    max: MAX_REMEMBERED,
    maxSize: MAX_REMEMBERED_SIZE,
    sizeCalculation: (verified, token) => verified.size * (ENTRY_SIZE + token.length),
  });

  constructor(
    @Inject(AuthProviders) private readonly providers: AuthProviders,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(TokenDenylist) private readonly denylist: TokenDenylist,
  ) {
    // Remembered tokens are not checked against the list again.
    denylist.grown.on(() => this.forgetDenied());
  }

  /**
   * @param allowed the only providers to accept; the token's issuer, or else its algorithm, picks one of them
   * @returns the identity, or why no provider vouches for the token; a promise only when something must be fetched, and
   *   never for a remembered token
   */
  verify(token: string, allowed?: Allowed): Identity | Refusal | Promise<Identity | Refusal> {
    const known = this.remembered.get(token)?.get(allowed);
    if (known && this.clock.wall() < known.expiresAtMs && !known.key.retired) return known.identity;
    const verdict = this.judge(token, allowed);
    return verdict instanceof Promise
      ? verdict.then((each) => this.settle(token, allowed, each))
      : this.settle(token, allowed, verdict);
  }

  private judge(token: string, allowed: Allowed): Verdict | Promise<Verdict> {
    const read = readToken(token);
    const issuer = read && this.providers.issuerOf(read, allowed);
    if (issuer) return issuer.verify(token, read);
    if (!isBearerToken(token)) return 'malformed';
    // A token that only its issuer can read may have any form.
    return this.providers.introspectorOf(allowed)?.verify(token) ?? (read ? 'no_provider' : 'malformed');
  }

  private settle(token: string, allowed: Allowed, verdict: Verdict): Identity | Refusal {
    if (isRefusal(verdict)) {
      // A token that its issuer revoked on one route is valid on no other.
      if (verdict === 'inactive') this.remembered.delete(token);
      return verdict;
    }
    if (this.denylist.denies(verdict.identity)) return 'revoked';
    // A new map, so that its size is taken anew.
    this.remembered.set(token, new Map(this.remembered.get(token)).set(allowed, verdict));
    return verdict.identity;
  }

  private forgetDenied(): void {
    for (const [token, verified] of this.remembered.entries()) {
      if ([...verified.values()].some(({ identity }) => this.denylist.denies(identity))) {
        this.remembered.delete(token);
      }
    }
  }
}
