import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { CLOCK } from '../config/config.tokens.js';
import type { Identity } from '../routing/identity.js';
import type { Allowed } from './auth-policy.js';
import { AuthProviders } from './auth-providers.js';
import { isBearerToken, readToken } from './bearer-token.js';
import { TokenDenylist } from './denylist/token-denylist.service.js';
import type { Verdict } from './jwt-provider.js';
import type { ProviderSet } from './provider-set.js';
import { isRefusal, type Refusal } from './refusal.js';

/** Verifies tokens with the configured providers, and remembers what it verified until it expires. */
@Injectable()
export class TokenVerifier {
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
   * @param set those of the configuration that the request began with
   * @returns the identity, or why no provider vouches for the token; a promise only when something must be fetched, and
   *   never for a remembered token
   */
  verify(
    token: string,
    allowed?: Allowed,
    set: ProviderSet = this.providers.current,
  ): Identity | Refusal | Promise<Identity | Refusal> {
    const known = set.remembered.get(token)?.get(allowed);
    if (known && this.clock.wall() < known.expiresAtMs && !known.key.retired) return known.identity;
    const verdict = judge(token, allowed, set);
    return verdict instanceof Promise
      ? verdict.then((each) => this.settle(token, allowed, each, set))
      : this.settle(token, allowed, verdict, set);
  }

  private settle(
    token: string,
    allowed: Allowed,
    verdict: Verdict,
    { remembered }: ProviderSet,
  ): Identity | Refusal {
    if (isRefusal(verdict)) {
      // A token that its issuer revoked on one route is valid on no other.
      if (verdict === 'inactive') remembered.delete(token);
      return verdict;
    }
    if (this.denylist.denies(verdict.identity)) return 'revoked';
    // A new map, so that its size is taken anew.
    remembered.set(token, new Map(remembered.get(token)).set(allowed, verdict));
    return verdict.identity;
  }

  private forgetDenied(): void {
    const { remembered } = this.providers.current;
    for (const [token, verified] of remembered.entries()) {
      if ([...verified.values()].some(({ identity }) => this.denylist.denies(identity))) {
        remembered.delete(token);
      }
    }
  }
}

function judge(token: string, allowed: Allowed, set: ProviderSet): Verdict | Promise<Verdict> {
  const read = readToken(token);
  const issuer = read && set.issuerOf(read, allowed);
  if (issuer) return issuer.verify(token, read);
  if (!isBearerToken(token)) return 'malformed';
  // A token that only its issuer can read may have any form.
  return set.introspectorOf(allowed)?.verify(token) ?? (read ? 'no_provider' : 'malformed');
}
