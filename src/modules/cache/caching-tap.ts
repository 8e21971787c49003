import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { CacheForward, CacheHit, ResponseTap } from '../routing/exchange.js';
import { type CacheEntry, ownBytes } from './cache-entry.js';
import { NOTHING_ASKED } from './directives.js';
import type { EntryWriter, StorableHead } from './entry-writer.js';
import type { FlightResult } from './flights.js';
import { reuse } from './reuse.js';
import { describes, mergeHeaders, selects } from './validation.js';

export interface TapOptions extends Pick<CacheForward, 'conditions' | 'stale'> {
  readonly writer: EntryWriter;
  /** The stored response that cannot be used as it is. */
  readonly stored: CacheEntry | undefined;
}

export interface CachingTapOptions extends TapOptions {
  readonly maxEntryBytes: number;
  /** @returns the answer from an entry that the upstream has confirmed */
  readonly confirmed: (entry: CacheEntry) => CacheHit;
  /** Called when those who wait need not wait any more; not when the body is cut off, which ends the call as well. */
  readonly onResult: (result: Exclude<FlightResult, 'timeout'> | 'unstorable') => void;
}

/** These statuses say nothing about the resource, so the stored response stays. */
const UNRELATED_TO_RESOURCE: ReadonlySet<number> = new Set([408, 425, 429]);
const BODILESS: ReadonlySet<number> = new Set([204, 304]);

/** Collects a storable response on its way to the client, and gives up when it grows too large. */
export class CachingTap implements ResponseTap {
  private head: StorableHead | undefined;
  private chunks: Uint8Array[] = [];
  private bytes = 0;

  constructor(private readonly options: CachingTapOptions) {}

  onHead(status: number, headers: HeaderRecord, isDelimited = true): CacheHit | undefined {
    const { writer, maxEntryBytes, onResult } = this.options;
    if (status === 304) return this.onNotModified(headers);
    const stale = staleInstead(this.options, status);
    if (stale) {
      onResult('failed');
      return stale;
    }
    // RFC 9111 section 3.3: a response that was cut off must not be taken for a whole one.
    const isWhole = isDelimited || BODILESS.has(status);
    const head = isWhole ? writer.accept(status, headers) : undefined;
    if (!head || Number(headers['content-length'] ?? 0) > maxEntryBytes) {
      // RFC 9111 section 4.3.3: the new answer replaces the stored one, which must not come back.
      if (status < 500 && !UNRELATED_TO_RESOURCE.has(status)) this.dropStored();
      if (writer.lookup.policy.staleInsteadOf.includes(status)) onResult('failed');
      else onResult(status >= 500 || UNRELATED_TO_RESOURCE.has(status) ? 'abandoned' : 'unstorable');
      return undefined;
    }
    // Each of those who wait has to validate it, so they need not wait for the body.
    if (reuse(head, head.storedAt, NOTHING_ASKED) === 'validate') onResult('unshared');
    this.head = head;
    return undefined;
  }

  onData(chunk: Uint8Array): void {
    if (!this.head) return;
    this.bytes += chunk.length;
    if (this.bytes <= this.options.maxEntryBytes) {
      this.chunks.push(chunk);
      return;
    }
    this.head = undefined;
    this.chunks = [];
    this.dropStored();
    this.options.onResult('unstorable');
  }

  onEnd(): void {
    if (!this.head) return;
    this.options.writer.store(this.head, ownBytes(this.chunks, this.bytes));
    this.head = undefined;
    this.options.onResult('stored');
  }

  onReplaced(by: 'stale' | 'other'): void {
    this.options.onResult(by === 'stale' ? 'failed' : 'unshared');
  }

  /** RFC 9111 section 4.3.4. */
  private onNotModified(notModified: HeaderRecord): CacheHit | undefined {
    const { stored, conditions, writer, confirmed, onResult } = this.options;
    // The conditions were the client's own, and so is the answer.
    if (!stored || conditions === undefined) {
      onResult('unshared');
      return undefined;
    }
    if (!selects(notModified, stored.headers)) {
      this.dropStored();
      onResult('stored');
      return confirmed(stored);
    }
    const headers = mergeHeaders(stored.headers, notModified, writer.clock.wall());
    const head = writer.accept(stored.status, headers);
    const entry = head ? writer.store(head, stored.body) : stored;
    if (!head) this.dropStored();
    onResult(head ? 'stored' : 'unstorable');
    // This client also gets the fields that are not stored. `Age` is computed for each use.
    return confirmed({ ...entry, headers: { ...headers, age: undefined } });
  }

  private dropStored(): void {
    if (this.options.stored) this.options.writer.drop();
  }
}

/** Watches the answer to a HEAD or a range request while the whole response is stored. */
export function partTap(options: TapOptions & { readonly stored: CacheEntry }): ResponseTap {
  const { writer, stored } = options;
  return {
    onHead: (status, headers) => {
      const stale = staleInstead(options, status);
      const isHead = writer.lookup.exchange.req.method === 'HEAD';
      if (stale || !isHead || status !== 200 || stored.status !== 200) return stale;
      // RFC 9111 section 4.3.5: the HEAD makes the stored response fresh again, or shows that it is outdated.
      const isSame = describes(headers, stored.headers, stored.body.length);
      const head = isSame && writer.accept(200, mergeHeaders(stored.headers, headers, writer.clock.wall()));
      if (head) writer.store(head, stored.body);
      else writer.drop();
      return undefined;
    },
  };
}

/** RFC 5861 section 4: an error of the upstream is replaced by a stale response. */
function staleInstead({ writer, stale }: TapOptions, status: number): CacheHit | undefined {
  return writer.lookup.policy.staleInsteadOf.includes(status) ? stale?.(status) : undefined;
}
