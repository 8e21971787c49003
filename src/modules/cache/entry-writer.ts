import type { Clock } from '../../common/clock.js';
import { parseHttpDate } from '../../common/http/http-date.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import type { ResponseHead } from '../routing/cache-decision.js';
import type { Exchange } from '../routing/exchange.js';
import { type CacheEntry, scopesOf, sizeOf } from './cache-entry.js';
import { resourceOf } from './cache-key.js';
import { type RequestDirectives, responseDirectives } from './directives.js';
import { initialAge } from './freshness.js';
import type { ResponseCache } from './response-cache.js';
import { ageOf } from './reuse.js';
import { storedHeaders, storePolicy, type StorePolicy } from './storable.js';
import { varyFields } from './vary.js';

/** An entry, and whether it is the current response. It is not when the resource has been invalidated meanwhile. */
interface Written {
  readonly entry: CacheEntry;
  readonly isCurrent: boolean;
}

/** A request that the cache may answer. */
export interface Lookup {
  readonly exchange: Exchange;
  /** Id of the route, or of a handler of code. */
  readonly route: string;
  readonly policy: RouteCacheConfig;
  readonly key: string;
  readonly asked: RequestDirectives;
  /** The copies are those of one user. */
  readonly isPrivate: boolean;
  /** The copies are shared, and the request has credentials of its own. */
  readonly hasCredentials: boolean;
  /** A handler of code answers, and always with the whole response. */
  readonly isCode: boolean;
}

/** A response whose body is not complete yet. It counts as stored since the arrival of its head. */
export interface StorableHead extends Omit<CacheEntry, 'body' | 'bytes'>, Pick<StorePolicy, 'isByTtl'> {
  /** The fields that tell its variants apart. */
  readonly fields: readonly string[];
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

  /** Bytes of a body. */
  get maxEntryBytes(): number {
    return this.lookup.exchange.config.cache.maxEntryBytes;
  }

  /** @returns `undefined` for a response that must not be stored */
  accept({ status, headers, sentAt = this.askedAt }: ResponseHead): StorableHead | undefined {
    const { policy: configured, exchange, route, isPrivate, hasCredentials } = this.lookup;
    const receivedAt = this.clock.wall();
    const context = {
      status,
      headers,
      directives: responseDirectives(headers),
      isPrivate,
      receivedAt,
      policy: configured,
      authenticated: hasCredentials,
      initialAge: initialAge(headers, this.clock.now() - sentAt),
    };
    const policy = storePolicy(context);
    const fields = policy && varyFields(headers);
    if (!policy || !fields) return undefined;
    const stored = storedHeaders(context);
    return {
      kind: 'response',
      status,
      headers: stored,
      fields,
      scopes: scopesOf(route, resourceOf(exchange), stored),
      storedAt: this.clock.now(),
      initialAge: context.initialAge,
      ...policy,
    };
  }

  /** Stores a response, unless it has become outdated meanwhile or nobody can use it later. */
  store({ fields, isByTtl, ...head }: StorableHead, body: Uint8Array): Written {
    const { exchange, key } = this.lookup;
    const storedAt = this.clock.now();
    // RFC 9111 section 4.2.3: the time that the body took to arrive counts. A configured lifetime starts afterwards.
    const age = ageOf(head, storedAt);
    const lifetime = isByTtl ? head.lifetime + age - head.initialAge : head.lifetime;
    const bytes = sizeOf(head.headers, body);
    const entry = { ...head, body, bytes, storedAt, initialAge: age, lifetime };
    const isCurrent = !this.cache.isOutdated(resourceOf(exchange), this.askedAt);
    if (isCurrent && head.keepFor > 0 && !this.isOlder(entry)) this.cache.put(key, entry, fields, exchange);
    return { entry, isCurrent };
  }

  drop(): void {
    this.cache.drop(this.lookup.key, this.lookup.exchange);
  }

  /** RFC 9111 section 4: the most recent answer is used, and a newer one may have arrived meanwhile. */
  private isOlder({ headers }: CacheEntry): boolean {
    const { entry: known } = this.cache.find(this.lookup.key, this.lookup.exchange);
    if (!known || known.storedAt <= this.askedAt) return false;
    const now = this.clock.wall();
    return (parseHttpDate(known.headers['date'], now) ?? 0) > (parseHttpDate(headers['date'], now) ?? now);
  }
}
