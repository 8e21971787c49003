import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { ResponseTap, StoredResponse } from '../routing/exchange.js';
import { type CacheEntry, ownBytes } from './cache-entry.js';
import { type Coming, Keeper, type KeeperOptions } from './keeper.js';
import { NOTHING_ASKED } from './request-directives.js';
import { reuse } from './reuse.js';
import type { Landing } from './single-flight.js';
import { mergeHeaders, selects } from './validation.js';

export interface CachingTapOptions extends KeeperOptions {
  readonly maxEntryBytes: number;
  /** What is stored and out of use; the upstream may say that it holds after all. */
  readonly stored: CacheEntry | undefined;
  /** Makes the answer of an entry that the upstream has confirmed. */
  readonly confirmed: (entry: CacheEntry) => StoredResponse;
  /** Called when those who wait need not any more. Not after a cut, which the end of the call tells. */
  readonly landed: (as: Exclude<Landing, 'timeout'> | 'unstorable') => void;
}

/** These say nothing about the resource, and so leave the stored answer alone. */
const SAYS_NOTHING: ReadonlySet<number> = new Set([408, 425, 429]);
const BODILESS: ReadonlySet<number> = new Set([204, 304]);

/** Gathers a storable response while it streams by; gives up when it grows too large. */
export class CachingTap implements ResponseTap {
  /** It is on its way to the store, and `landed` called when it is there. */
  isStoring = false;
  private readonly keeper: Keeper;
  private coming: Coming | undefined;
  private chunks: Uint8Array[] = [];
  private bytes = 0;

  constructor(private readonly options: CachingTapOptions) {
    this.keeper = new Keeper(options);
  }

  onHead(status: number, headers: HeaderRecord, isDelimited = true): StoredResponse | undefined {
    const { stored, exchange } = this.options;
    if (status === 304) return this.onNotModified(headers);
    const stale = this.options.policy.staleInsteadOf.includes(status) ? exchange.stale?.(status) : undefined;
    if (stale) {
      this.options.landed('failed');
      return stale;
    }
    // RFC 9111 section 3.3.
    const isWhole = isDelimited || BODILESS.has(status);
    const coming = isWhole ? this.keeper.judge(status, headers) : undefined;
    if (!coming || Number(headers['content-length'] ?? 0) > this.options.maxEntryBytes) {
      // RFC 9111 section 4.3.3: the new answer stands, so the old one must not come back.
      if (stored && status < 500 && !SAYS_NOTHING.has(status)) {
        this.options.cache.drop(this.options.key, exchange);
      }
      this.options.landed(this.endOf(status));
      return undefined;
    }
    // Each of those who wait has to ask by itself then: they need not wait for the body.
    if (isToBeValidated(coming)) this.options.landed('unshared');
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
    this.put(this.coming, ownBytes(this.chunks, this.bytes));
    this.coming = undefined;
  }

  private put(coming: Coming, body: Uint8Array): CacheEntry {
    this.isStoring = true;
    return this.keeper.put(coming, body, () => this.options.landed('stored'));
  }

  onBypass(): void {
    this.options.landed('unshared');
  }

  private endOf(status: number) {
    if (this.options.policy.staleInsteadOf.includes(status)) return 'failed';
    return status >= 500 || SAYS_NOTHING.has(status) ? 'gone' : 'unstorable';
  }

  /** RFC 9111 section 4.3.4. */
  private onNotModified(notModified: HeaderRecord): StoredResponse | undefined {
    const { stored, exchange, cache, key, clock, confirmed, landed } = this.options;
    // To the client's own conditions: it is the client's answer.
    if (!stored || exchange.conditions === undefined) {
      landed('unshared');
      return undefined;
    }
    if (!selects(notModified, stored.headers)) {
      cache.drop(key, exchange);
      landed('stored');
      return confirmed(stored);
    }
    const headers = mergeHeaders(stored.headers, notModified, clock.wall());
    const coming = this.keeper.judge(stored.status, headers);
    // This client gets the whole of it, with what is kept out of the copy; each use has an age of its own.
    const whole = { ...headers, age: undefined };
    if (coming) {
      return confirmed({ ...this.put(coming, stored.body), headers: whole });
    }
    cache.drop(key, exchange);
    landed('unstorable');
    return confirmed({ ...stored, headers: whole });
  }
}

function isToBeValidated({ keeping, initialAge }: Coming): boolean {
  return reuse({ ...keeping, initialAge, storedAt: 0 }, 0, NOTHING_ASKED) === 'validate';
}
