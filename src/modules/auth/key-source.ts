import type { UnverifiedToken } from './token-header.js';
import type { Refusal } from './unavailable.js';
import type { VerificationKey } from './verification-key.js';

export type FoundKeys = readonly VerificationKey[] | Refusal;

/** Where a provider has its keys from. */
export interface KeySource {
  /** @returns those that may have signed the token; a promise only when they must be fetched first */
  find(token: UnverifiedToken): FoundKeys | Promise<FoundKeys>;
}

/** The one key that is in the configuration. */
export class ConfiguredKey implements KeySource {
  private readonly keys: readonly VerificationKey[];

  constructor(key: VerificationKey) {
    this.keys = [key];
  }

  find(): readonly VerificationKey[] {
    return this.keys;
  }
}
