import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { CLOCK } from '../config/config.tokens.js';
import type { Identity } from '../routing/identity.js';
import { type Allowed, AuthProviders } from './auth-providers.js';
import { TokenDenylist } from './denylist/token-denylist.service.js';
import type { Verdict } from './jwt-provider.js';
import { isBearerToken, readToken } from './token-header.js';
import { hashesOfTokens, sizeOfVerified, verifiedTokens } from './token-memory.js';
import { isRefusal, type Refusal } from './unavailable.js';

/** Verifies tokens against the configured providers and remembers what it verified until it expires. */
@Injectable()
export class TokenVerifier {
  /** By SHA-256 and who was asked: another provider may know the user otherwise, or not at all. */
  private readonly verified = verifiedTokens();
  /**
   * Hashes of tokens that are good, since clients send the same ones over and over and a hash costs more than all the
   * rest. They say nothing of whether a token still is good: that is asked of `verified` each time.
   */
  private readonly hashes = hashesOfTokens();

  /** What follows the hash in keys of `verified`: as many as routes name different providers. */
  private readonly suffixes = new Set<string>();

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
   * @returns why no provider vouches for the token, in place of an identity; a promise only when something must be
   *   fetched or computed elsewhere, and never for a token that is remembered
   */
  verify(token: string, allowed?: Allowed): Identity | Refusal | Promise<Identity | Refusal> {
    const known = this.hashes.get(token);
    const hashed = known ?? hash('sha256', token, 'base64');
    const key = allowed ? `${hashed} ${nameOf(allowed)}` : hashed;
    const remembered = this.verified.get(key);
    if (remembered && this.clock.wall() < remembered.expiresAtMs && remembered.key?.retired !== true) {
      if (known === undefined) this.hashes.set(token, hashed);
      return remembered.identity;
    }
    const verdict = this.judge(token, allowed);
    return verdict instanceof Promise
      ? verdict.then((each) => this.settle(token, hashed, key, each))
      : this.settle(token, hashed, key, verdict);
  }

  private judge(token: string, allowed: Allowed): Verdict | Promise<Verdict> {
    const read = readToken(token);
    const issuer = read && this.providers.issuerOf(read, allowed);
    if (issuer) return issuer.verify(token, read);
    if (!isBearerToken(token)) return 'malformed';
    // A token that only its issuer can read may look like anything.
    return this.providers.introspectorOf(allowed)?.verify(token) ?? (read ? 'no_provider' : 'malformed');
  }

  private settle(token: string, hashed: string, key: string, verdict: Verdict): Identity | Refusal {
    if (isRefusal(verdict)) {
      if (verdict === 'inactive') this.forgetEverywhere(hashed);
      return this.forget(token, verdict);
    }
    if (this.denylist.denies(verdict.identity)) return this.forget(token, 'revoked');
    this.hashes.set(token, hashed);
    this.suffixes.add(key.slice(hashed.length));
    this.verified.set(key, verdict, { size: sizeOfVerified(token) });
    return verdict.identity;
  }

  private forget(token: string, refusal: Refusal): Refusal {
    this.hashes.delete(token);
    return refusal;
  }

  /** What its issuer has taken back on one route is good on no other. */
  private forgetEverywhere(hashed: string): void {
    for (const suffix of this.suffixes) this.verified.delete(hashed + suffix);
  }

  private forgetDenied(): void {
    for (const [key, { identity }] of this.verified.entries()) {
      if (this.denylist.denies(identity)) this.verified.delete(key);
    }
  }
}

/** By policy, of which there are as many as routes. */
const names = new WeakMap<ReadonlySet<string>, string>();

function nameOf(allowed: ReadonlySet<string>): string {
  const known = names.get(allowed);
  if (known !== undefined) return known;
  const name = JSON.stringify([...allowed].toSorted());
  names.set(allowed, name);
  return name;
}
