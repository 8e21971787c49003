import { Inject, Injectable } from '@nestjs/common';
import { ConfigStore } from '../config/config.store.js';
import { JwtProvider } from './jwt-provider.js';
import { ConfiguredKey } from './key-source.js';
import type { UnverifiedToken } from './token-header.js';
import { VerificationKey } from './verification-key.js';

/** Ids of the providers that a route takes; `undefined`: every one. */
export type Allowed = ReadonlySet<string> | undefined;

/** The providers of the configuration, compiled. */
@Injectable()
export class AuthProviders {
  private readonly issuers: readonly JwtProvider[];

  constructor(@Inject(ConfigStore) config: ConfigStore) {
    this.issuers = Object.entries(config.current.auth).map(
      ([id, each]) => new JwtProvider(id, each, new ConfiguredKey(VerificationKey.ofConfig(each))),
    );
  }

  get isEmpty(): boolean {
    return this.issuers.length === 0;
  }

  /** @returns the provider of the token's issuer, or else one that takes any issuer's */
  issuerOf({ algorithm, issuer }: UnverifiedToken, allowed: Allowed): JwtProvider | undefined {
    const candidates = this.issuers.filter(
      (each) => (allowed === undefined || allowed.has(each.id)) && each.takes(algorithm),
    );
    return (
      candidates.find((each) => each.issuer !== undefined && each.issuer === issuer) ??
      candidates.find((each) => each.issuer === undefined)
    );
  }
}
