import type { Clock } from '../../common/clock.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import type { Exchange, ResponseTap, StoredResponse } from '../routing/exchange.js';
import { type CacheEntry, scopesOf, sizeOf } from './cache-entry.js';
import { resourceOf } from './cache-key.js';
import { responseDirectives } from './directives.js';
import { initialAge } from './freshness.js';
import type { ResponseCache } from './response-cache.js';
import { type Keeping, keeping, storedHeaders } from './storable.js';
import { mergeHeaders, selects } from './validation.js';
import { varyFields } from './vary.js';

export interface CachingTapOptions {
  readonly exchange: Exchange;
  readonly route: string;
  readonly key: string;
  readonly policy: RouteCacheConfig;
  readonly maxEntryBytes: number;
  readonly cache: ResponseCache;
  readonly clock: Clock;
  /** What is stored and out of use; the upstream may say that it holds after all. */
  readonly stored: CacheEntry | undefined;
  /** Makes the answer of an entry that the upstream has confirmed. */
  readonly confirmed: (entry: CacheEntry) => StoredResponse;
  /** Called when those who wait need not any more. Not after a cut, which the end of the call tells. */
  readonly landed: (as: 'stored' | 'unstorable' | 'failed') => void;
}

/** These say nothing about the resource, and so leave the stored answer alone. */
const SAYS_NOTHING: ReadonlySet<number> = new Set([408, 425, 429]);
const BODILESS: ReadonlySet<number> = new Set([204, 304]);

interface Coming {
  readonly status: number;
  readonly headers: HeaderRecord;
  readonly keeping: Keeping;
  readonly fields: readonly string[];
  readonly initialAge: number;
  readonly receivedAt: number;
}

/** Gathers a storable response while it streams by; gives up when it grows too large. */
export class CachingTap implements ResponseTap {
  private readonly askedAt: number;
  private coming: Coming | undefined;
  private chunks: Uint8Array[] = [];
  private bytes = 0;

  constructor(private readonly options: CachingTapOptions) {
    this.askedAt = options.clock.now();
  }

  onHead(status: number, headers: HeaderRecord): StoredResponse | undefined {
    const { stored, exchange } = this.options;
    if (status === 304) return this.onNotModified(headers);
    if (exchange.stale && this.options.policy.staleInsteadOf.includes(status)) {
      this.options.landed('failed');
      return exchange.stale(status);
    }
    // A body that only the end of the connection ends may be half a body (RFC 9111 section 3.3).
    const isDelimited =
      BODILESS.has(status) ||
      headers['content-length'] !== undefined ||
      headers['transfer-encoding'] !== undefined;
    const coming = isDelimited ? this.judge(status, headers) : undefined;
    if (!coming || Number(headers['content-length'] ?? 0) > this.options.maxEntryBytes) {
      // RFC 9111 section 4.3.3: the new answer stands, so the old one must not come back.
      if (stored && status < 500 && !SAYS_NOTHING.has(status)) {
        this.options.cache.drop(this.options.key, exchange);
      }
      this.options.landed(status >= 500 ? 'failed' : 'unstorable');
      return undefined;
    }
    this.coming = coming;
    return undefined;
  }

  onData(chunk: Uint8Array): void {
    if (!this.coming) return;
    this.bytes += chunk.length;
    if (this.bytes <= this.options.maxEntryBytes) {
      this.chunks.push(chunk);
      return;
    }
    this.coming = undefined;
    this.chunks = [];
    if (this.options.stored) this.options.cache.drop(this.options.key, this.options.exchange);
    this.options.landed('unstorable');
  }

  onEnd(): void {
    if (!this.coming) return;
    this.put(this.coming, Buffer.concat(this.chunks, this.bytes));
    this.coming = undefined;
    this.options.landed('stored');
  }

  /** RFC 9111 section 4.3.4. */
  private onNotModified(notModified: HeaderRecord): StoredResponse | undefined {
    const { stored, exchange, cache, key, confirmed, landed } = this.options;
    // To the client's own conditions: it is the client's answer.
    if (!stored || exchange.conditions === undefined) {
      landed('stored');
      return undefined;
    }
    if (!selects(notModified, stored.headers)) {
      cache.drop(key, exchange);
      landed('stored');
      return confirmed(stored);
    }
    const coming = this.judge(stored.status, mergeHeaders(stored.headers, notModified));
    if (coming) {
      const entry = this.put(coming, stored.body);
      landed('stored');
      return confirmed(entry);
    }
    cache.drop(key, exchange);
    landed('unstorable');
    return confirmed({ ...stored, headers: mergeHeaders(stored.headers, notModified) });
  }

  private judge(status: number, headers: HeaderRecord): Coming | undefined {
    const { policy, exchange, clock } = this.options;
    const isPrivate = policy.per === 'user' && exchange.identity !== undefined;
    const directives = responseDirectives(headers);
    const receivedAt = clock.wall();
    const age = initialAge(headers, receivedAt, clock.now() - this.askedAt);
    const authenticated = exchange.identity !== undefined || exchange.req.headers.authorization !== undefined;
    const context = {
      status,
      headers,
      directives,
      isPrivate,
      receivedAt,
      policy,
      authenticated,
      initialAge: age,
    };
    const kept = keeping(context);
    const fields = kept && varyFields(headers);
    if (!kept || !fields) return undefined;
    return { status, headers: storedHeaders(context), keeping: kept, fields, initialAge: age, receivedAt };
  }

  private put(
    { status, headers, keeping: kept, fields, initialAge: age }: Coming,
    body: Uint8Array,
  ): CacheEntry {
    const { cache, clock, exchange, key, route } = this.options;
    const resource = resourceOf(exchange);
    const entry: CacheEntry = {
      kind: 'response',
      status,
      headers,
      body,
      bytes: sizeOf(headers, body),
      scopes: scopesOf(route, resource, headers),
      storedAt: clock.now(),
      initialAge: age,
      ...kept,
    };
    if (!cache.isOutdated(resource, this.askedAt)) cache.put(key, entry, fields, exchange);
    return entry;
  }
}
