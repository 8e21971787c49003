import type { Clock } from '../../common/clock.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import { type CacheEntry, scopesOf, sizeOf } from './cache-entry.js';
import { resourceOf } from './cache-key.js';
import { responseDirectives } from './directives.js';
import { dateOf, initialAge } from './freshness.js';
import type { ResponseCache } from './response-cache.js';
import { type Keeping, keeping, storedHeaders } from './storable.js';
import { varyFields } from './vary.js';

export interface KeeperOptions {
  readonly exchange: Exchange;
  readonly route: string;
  readonly key: string;
  readonly policy: RouteCacheConfig;
  readonly cache: ResponseCache;
  readonly clock: Clock;
}

/** A response that may be stored once it is whole. */
export interface Coming {
  readonly status: number;
  readonly headers: HeaderRecord;
  readonly keeping: Keeping;
  readonly fields: readonly string[];
  readonly initialAge: number;
  /** Of the head, in monotonic milliseconds. */
  readonly receivedAt: number;
}

/** Puts the answer to one request in the cache, if the rules let it. Made when the request is sent. */
export class Keeper {
  private readonly askedAt: number;

  constructor(private readonly options: KeeperOptions) {
    this.askedAt = options.clock.now();
  }

  /** @returns `undefined` for what is not to be stored */
  judge(status: number, headers: HeaderRecord): Coming | undefined {
    const { policy, exchange, clock } = this.options;
    const receivedAt = clock.wall();
    const age = initialAge(headers, receivedAt, clock.now() - this.askedAt);
    const context = {
      status,
      headers,
      directives: responseDirectives(headers),
      isPrivate: policy.per === 'user' && exchange.identity !== undefined,
      receivedAt,
      policy,
      authenticated: exchange.identity !== undefined || exchange.req.headers.authorization !== undefined,
      initialAge: age,
    };
    const kept = keeping(context);
    const fields = kept && varyFields(headers);
    if (!kept || !fields) return undefined;
    return {
      status,
      headers: storedHeaders(context),
      keeping: kept,
      fields,
      initialAge: age,
      receivedAt: clock.now(),
    };
  }

  /** @param stored called when it can be found, or is not to be */
  put(
    { status, headers, keeping: kept, fields, initialAge: age, receivedAt }: Coming,
    body: Uint8Array,
    stored = nobodyWaits,
  ): CacheEntry {
    const { cache, clock, exchange, key, route } = this.options;
    const resource = resourceOf(exchange);
    const now = clock.now();
    const entry: CacheEntry = {
      kind: 'response',
      status,
      headers,
      body,
      bytes: sizeOf(headers, body),
      scopes: scopesOf(route, resource, headers),
      storedAt: now,
      // RFC 9111 section 4.2.3: the time that its body took to come counts.
      initialAge: age + now - receivedAt,
      ...kept,
    };
    if (cache.isOutdated(resource, this.askedAt) || this.isOlder(entry)) stored();
    else void cache.put(key, entry, fields, exchange).then(stored);
    return entry;
  }

  /** RFC 9111 section 4: the most recent answer is the one to use; a newer one may have come meanwhile. */
  private isOlder({ headers }: CacheEntry): boolean {
    const { cache, clock, exchange, key } = this.options;
    const known = cache.find(key, exchange);
    if (!known || known.storedAt <= this.askedAt) return false;
    const now = clock.wall();
    return (dateOf(known.headers, now) ?? 0) > (dateOf(headers, now) ?? now);
  }
}

function nobodyWaits(): void {}
