import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import type { Identity } from '../routing/identity.js';
import { AuthProvider } from './auth-provider.js';
import { readTokenHeader } from './token-header.js';

const REMEMBERED_TOKENS = 10_000;

type Verified = Identity & { readonly expiresAtMs: number };

/** Verifies tokens against the configured providers and remembers what it verified until it expires. */
@Injectable()
export class TokenVerifier {
  private readonly providers: readonly AuthProvider[];
  /** By SHA-256, so that no token stays in memory. */
  private readonly verified = new LRUCache<string, Verified>({ max: REMEMBERED_TOKENS });

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.providers = Object.entries(config.current.auth).map(([id, each]) => new AuthProvider(id, each));
  }

  get hasProviders(): boolean {
    return this.providers.length > 0;
  }

  /**
   * @param providerId the only provider to accept; otherwise the token's issuer, or else its algorithm, picks
   * @returns `undefined` when no provider vouches for the token
   */
  verify(token: string, providerId?: string): Identity | undefined {
    const now = this.clock.wall();
    const key = hash('sha256', token, 'base64');
    const remembered = this.verified.get(key);
    if (remembered && now < remembered.expiresAtMs) {
      if (providerId === undefined || remembered.provider === providerId) return remembered;
    }
    const provider = this.pick(token, providerId);
    if (!provider) return undefined;
    try {
      const identity = provider.verify(token, now);
      this.verified.set(key, identity);
      return identity;
    } catch {
      return undefined;
    }
  }

  private pick(token: string, providerId: string | undefined): AuthProvider | undefined {
    const header = readTokenHeader(token);
    if (!header) return undefined;
    const candidates = this.providers.filter(
      (each) => (providerId === undefined || each.id === providerId) && each.takes(header.algorithm),
    );
    return (
      candidates.find((each) => each.issuer !== undefined && each.issuer === header.issuer) ??
      candidates.find((each) => each.issuer === undefined)
    );
  }
}
