import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApiKeyConfig, AuthProviderConfig } from '../config/gateway-config.js';
import type { Identity } from '../routing/identity.js';
import { identityOf } from './identity-of.js';

/** As the configuration has it: keys are random and long, so that a plain hash gives nothing of them away. */
export function hashApiKey(key: string): string {
  return `sha256:${digestOf(key).toString('hex')}`;
}

/** Clients that show a key of their own instead of a token. */
export class ApiKeyProvider {
  /** Lower case. */
  readonly header: string;
  /** Name of a query parameter that may hold the key instead. */
  readonly query: string | undefined;
  /** By the first bytes of the hash, which says nothing about the key; the rest is compared in constant time. */
  private readonly byPrefix = new Map<string, { digest: Buffer; identity: Identity }[]>();

  constructor(
    readonly id: string,
    { apiKeys = [], header, query }: Pick<AuthProviderConfig, 'apiKeys' | 'header' | 'query'>,
  ) {
    this.header = header;
    this.query = query;
    for (const key of apiKeys) this.add(key);
  }

  find(key: string): Identity | undefined {
    const digest = digestOf(key);
    for (const known of this.byPrefix.get(prefixOf(digest)) ?? []) {
      if (timingSafeEqual(known.digest, digest)) return known.identity;
    }
    return undefined;
  }

  private add({ id, hash, scopes }: ApiKeyConfig): void {
    const digest = Buffer.from(hash.slice('sha256:'.length), 'hex');
    const claims = { sub: id, scope: scopes.join(' ') };
    const identity = identityOf(claims, { provider: this.id, forwardClaims: {} });
    const prefix = prefixOf(digest);
    const neighbours = this.byPrefix.get(prefix);
    if (neighbours) neighbours.push({ digest, identity });
    else this.byPrefix.set(prefix, [{ digest, identity }]);
  }
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function prefixOf(digest: Buffer): string {
  return digest.toString('hex', 0, 4);
}
