import type { Clock } from '../../common/clock.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import { type CacheEntry, scopesOf, sizeOf } from './cache-entry.js';
import { resourceOf } from './cache-key.js';
import { type RequestDirectives, responseDirectives } from './directives.js';
import { dateOf, initialAge } from './freshness.js';
import type { ResponseCache } from './response-cache.js';
import { type StorePolicy, storedHeaders, storePolicy } from './storable.js';
import { varyFields } from './vary.js';

/** A request that the cache may answer. */
export interface Lookup {
  readonly exchange: Exchange;
  /** Id of the route, or of a handler of code. */
  readonly route: string;
  readonly policy: RouteCacheConfig;
  readonly key: string;
  readonly asked: RequestDirectives;
}

/** The head of a response that may be stored once its body is complete. */
export interface StorableHead {
  readonly status: number;
  readonly headers: HeaderRecord;
  readonly policy: StorePolicy;
  /** The fields that tell its variants apart. */
  readonly fields: readonly string[];
  readonly initialAge: number;
  /** Monotonic milliseconds. */
  readonly receivedAt: number;
}

/** Stores, updates or drops the entry of one request, as far as the rules allow. It is made when the request is sent. */
export class EntryWriter {
  private readonly askedAt: number;

  constructor(
    readonly lookup: Lookup,
    private readonly cache: ResponseCache,
    readonly clock: Clock,
  ) {
    this.askedAt = clock.now();
  }

  /** @returns `undefined` for a response that must not be stored */
  accept(status: number, headers: HeaderRecord): StorableHead | undefined {
    const { policy: route, exchange } = this.lookup;
    const receivedAt = this.clock.wall();
    const age = initialAge(headers, receivedAt, this.clock.now() - this.askedAt);
    const context = {
      status,
      headers,
      directives: responseDirectives(headers),
      isPrivate: route.per === 'user' && exchange.identity !== undefined,
      receivedAt,
      policy: route,
      authenticated: exchange.identity !== undefined || exchange.req.headers.authorization !== undefined,
      initialAge: age,
    };
    const policy = storePolicy(context);
    const fields = policy && varyFields(headers);
    if (!policy || !fields) return undefined;
    return {
      status,
      headers: storedHeaders(context),
      policy,
      fields,
      initialAge: age,
      receivedAt: this.clock.now(),
    };
  }

  /** @returns the entry, which is not in the cache if it has become outdated meanwhile */
  store(head: StorableHead, body: Uint8Array): CacheEntry {
    const { status, headers, policy, fields, initialAge: age, receivedAt } = head;
    const { exchange, key, route } = this.lookup;
    const resource = resourceOf(exchange);
    const now = this.clock.now();
    const entry: CacheEntry = {
      kind: 'response',
      status,
      headers,
      body,
      bytes: sizeOf(headers, body),
      scopes: scopesOf(route, resource, headers),
      storedAt: now,
      // RFC 9111 section 4.2.3: the time that the body took to arrive counts.
      initialAge: age + now - receivedAt,
      ...policy,
    };
    const isOutdated = this.cache.isOutdated(resource, this.askedAt) || this.isOlder(entry);
    if (!isOutdated) this.cache.put(key, entry, fields, exchange);
    return entry;
  }

  drop(): void {
    this.cache.drop(this.lookup.key, this.lookup.exchange);
  }

  /** RFC 9111 section 4: the most recent answer is used, and a newer one may have arrived meanwhile. */
  private isOlder({ headers }: CacheEntry): boolean {
    const { entry: known } = this.cache.find(this.lookup.key, this.lookup.exchange);
    if (!known || known.storedAt <= this.askedAt) return false;
    const now = this.clock.wall();
    return (dateOf(known.headers, now) ?? 0) > (dateOf(headers, now) ?? now);
  }
}
