import { hash } from 'node:crypto';
import { dashed } from '../../common/http/header-owners.js';
import type { AuthProviderConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import type { Identity } from '../routing/identity.js';
import { type Allowed, allows, type AuthPolicy } from './auth-policy.js';
import { identityOf } from './identity-of.js';
import type { Refusal } from './refusal.js';

/** @returns the hash as the configuration has it; keys are random and long, so a plain hash does not reveal them */
export function hashApiKey(key: string): string {
  return `sha256:${hash('sha256', key)}`;
}

/** The API keys of one provider. */
export class ApiKeyProvider {
  /** Lower case. */
  readonly header: string;
  /** Name of a query parameter that may have the key instead. */
  readonly query: string | undefined;
  /** The time of a look-up may tell how a hash begins, which reveals nothing of a random key. */
  private readonly byHash: ReadonlyMap<string, Identity>;

  constructor(
    readonly id: string,
    { apiKeys = [], header, query }: Pick<AuthProviderConfig, 'apiKeys' | 'header' | 'query'>,
  ) {
    this.header = header;
    this.query = query;
    this.byHash = new Map(
      apiKeys.map(({ id: sub, hash: written, scopes }) => [
        written,
        identityOf({ sub, scope: scopes.join(' ') }, id),
      ]),
    );
  }

  find(key: string): Identity | undefined {
    return this.byHash.get(hashApiKey(key));
  }

  /** @returns the key of a request; one in both places is not valid */
  keyOf({ req, head }: Exchange): PresentedKey | undefined {
    const field = req.headers[this.header];
    const parameter = this.query === undefined ? undefined : parameterOf(head.query, this.query);
    if (typeof field === 'string') {
      return { value: parameter === undefined ? field : '', header: this.header };
    }
    return parameter === undefined ? undefined : { value: parameter, parameter: this.query };
  }
}

/** An API key, and the header or the query parameter that it is in. */
interface PresentedKey {
  readonly value: string;
  readonly header?: string | undefined;
  readonly parameter?: string | undefined;
}

/**
 * The API keys of all providers. Whatever is where a key may be ends at the gateway, on routes that accept no keys too:
 * a client sends its key where it likes, and a key is as secret as a token.
 */
export class ApiKeys {
  private readonly inAuthorization: boolean;
  private readonly headers: ReadonlySet<string>;
  private readonly parameters: ReadonlySet<string>;

  constructor(private readonly providers: readonly ApiKeyProvider[]) {
    const names = providers.map(({ header }) => header);
    this.inAuthorization = names.includes('authorization');
    // `Authorization` is decided by `forwardAuthorization`, since it may hold a token instead.
    this.headers = new Set(names.filter((name) => name !== 'authorization').map(dashed));
    this.parameters = new Set(providers.flatMap(({ query }) => query ?? []));
  }

  /** @returns whether any of the providers is allowed */
  accepts(allowed: Allowed): boolean {
    return this.providers.some(({ id }) => allows(allowed, id));
  }

  /**
   * Identifies the client by its key, and keeps all keys from the upstream, except the one that counts on a route with
   * `forward`.
   *
   * @returns `undefined` when the request has no key of an allowed provider
   */
  take(exchange: Exchange, policy: AuthPolicy | 'none'): Identity | Refusal | undefined {
    if (policy === 'none') {
      this.keepBack(exchange);
      return undefined;
    }
    let shown: PresentedKey | undefined;
    let identity: Identity | undefined;
    for (const provider of this.providers) {
      const key = allows(policy.allowed, provider.id) ? provider.keyOf(exchange) : undefined;
      if (!key) continue;
      // Of two different keys, nobody can say which one counts. Two providers may find the same one.
      if (shown && !(shown.header === key.header && shown.parameter === key.parameter))
        return 'unknown_api_key';
      shown = key;
      identity ??= provider.find(key.value);
    }
    this.keepBack(exchange, policy.forward ? shown : undefined);
    // Nobody verifies a token beside a key, so it does not go on.
    if (shown) exchange.forwardAuthorization = policy.forward && shown.header === 'authorization';
    return shown && (identity ?? 'unknown_api_key');
  }

  /** @param forwarded the key that the upstream gets all the same */
  private keepBack(exchange: Exchange, forwarded?: PresentedKey): void {
    const { head } = exchange;
    exchange.keptBack = { headers: this.headers, except: forwarded?.header };
    if (this.inAuthorization) exchange.forwardAuthorization = false;
    const query = withoutParameters(head.query, this.parameters, forwarded?.parameter);
    if (query !== head.query) exchange.head = { ...head, query };
  }
}

/**
 * @param query raw, with its `?`, or empty
 * @returns the value, or `undefined` without the parameter; repeated values are joined, which makes them invalid
 */
export function parameterOf(query: string, name: string): string | undefined {
  if (query === '') return undefined;
  const values = new URLSearchParams(query).getAll(name);
  return values.length === 0 ? undefined : values.join(',');
}

/** @returns the query without parameters of these names, but for one, and the rest as it was written */
export function withoutParameters(query: string, names: ReadonlySet<string>, except?: string): string {
  if (query === '' || names.size === 0) return query;
  const parts = query.slice(1).split('&');
  const kept = parts.filter((part) => {
    // `URLSearchParams` would drop a `?` at the start.
    const [name = ''] = new URLSearchParams(`&${part}`).keys();
    return name === except || !names.has(name);
  });
  if (kept.length === parts.length) return query;
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}
