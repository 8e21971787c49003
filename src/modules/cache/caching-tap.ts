import type { ServerResponse } from 'node:http';
import { BODILESS_STATUSES } from '../../common/http/response-headers.js';
import type { CacheForward, CacheHit, ResponseHead, ResponseTap } from '../routing/cache-decision.js';
import { type CacheEntry, ownBytes } from './cache-entry.js';
import { NOTHING_ASKED } from './directives.js';
import type { EntryWriter, StorableHead } from './entry-writer.js';
import type { Flight } from './flights.js';
import { mayCollapse } from './reuse.js';
import { hitWith } from './stored-answer.js';
import { describes, mergeHeaders, selects } from './validation.js';
import { variantFor } from './vary.js';

/** How the upstream is asked. */
export type Asking = Pick<CacheForward, 'status' | 'conditions' | 'stale'>;

export interface TapOptions extends Asking {
  readonly writer: EntryWriter;
  /** The stored response that cannot be used as it is. */
  readonly stored: CacheEntry | undefined;
  /** Those who wait for the response. It is also settled when the call is over, so not here when the body is cut off. */
  readonly flight: Flight | undefined;
  /** Called once it is known whether such responses can serve others. */
  readonly onStorable: (isStorable: boolean) => void;
}

/** These statuses say nothing about the resource, so the stored response stays. */
const UNRELATED_TO_RESOURCE: ReadonlySet<number> = new Set([408, 425, 429]);
/** Milliseconds for which a client may read nothing while others wait for its response. */
const MAX_BLOCK_MS = 250;

/** Bounds how many responses are read faster than their clients read them. */
export class ReadAhead {
  private count = 0;

  constructor(private readonly max: () => number) {}

  /** @returns whether the rest of the response may be read ahead of its client; its place is free once it closes */
  begin(res: ServerResponse): boolean {
    if (this.count >= this.max()) return false;
    this.count++;
    res.once('close', () => this.count--);
    return true;
  }
}

/** Collects a storable response on its way to the client, and gives up when it grows too large. */
export class CachingTap implements ResponseTap {
  private head: StorableHead | undefined;
  private chunks: Uint8Array[] = [];
  private bytes = 0;
  private isAhead = false;

  /** @param wantsPart whether the client gets its part of the stored response, and not the response itself */
  constructor(
    private readonly options: TapOptions,
    private readonly readAhead: ReadAhead,
    private readonly wantsPart = false,
  ) {}

  onHead(response: ResponseHead): CacheHit | undefined {
    const { writer, flight } = this.options;
    const { status, headers, isDelimited = true } = response;
    if (status === 304) return this.onNotModified(response);
    const stale = staleInstead(this.options, status);
    if (stale) return stale;
    // RFC 9111 section 3.3: a response that was cut off must not be taken for a whole one.
    const isWhole = isDelimited || BODILESS_STATUSES.has(status);
    const head = isWhole ? writer.accept(response) : undefined;
    if (!head || Number(headers['content-length'] ?? 0) > writer.maxEntryBytes) {
      // RFC 9111 section 4.3.3: the new answer replaces the stored one, which must not come back.
      if (status < 500 && !UNRELATED_TO_RESOURCE.has(status)) this.dropStored();
      if (writer.lookup.policy.staleInsteadOf.includes(status)) flight?.settle('failed');
      else if (status >= 500 || UNRELATED_TO_RESOURCE.has(status)) flight?.settle('abandoned');
      else this.onUnstorable();
      return undefined;
    }
    // Where each of those who wait has to validate it, they need not wait for the body.
    if (mayCollapse(head, head.storedAt, NOTHING_ASKED)) flight?.onHead();
    else flight?.settle('unshared');
    this.head = head;
    return undefined;
  }

  get isCollecting(): boolean {
    return this.head !== undefined;
  }

  onData(chunk: Uint8Array): void {
    if (!this.head) return;
    this.bytes += chunk.length;
    if (this.bytes <= this.options.writer.maxEntryBytes) {
      this.chunks.push(chunk);
      return;
    }
    this.head = undefined;
    this.chunks = [];
    this.dropStored();
    this.onUnstorable();
  }

  onBlocked(): boolean {
    const { flight, writer } = this.options;
    if (!this.head || !flight?.hasWaiters) return false;
    const { res } = writer.lookup.exchange;
    this.isAhead ||= this.readAhead.begin(res);
    if (this.isAhead) return true;
    // The pace of a slow client is not theirs: one of them asks again.
    const timer = setTimeout(() => flight.settle('abandoned'), MAX_BLOCK_MS).unref();
    res.once('drain', () => clearTimeout(timer));
    return false;
  }

  onEnd(): CacheHit | undefined {
    const { head } = this;
    if (!head) return undefined;
    this.head = undefined;
    const { onStorable, status } = this.options;
    onStorable(true);
    const entry = store(this.options, head, ownBytes(this.chunks, this.bytes));
    return this.wantsPart ? this.hit(entry, 'miss', status) : undefined;
  }

  onReplaced(by: 'stale' | 'other'): void {
    this.options.flight?.settle(by === 'stale' ? 'failed' : 'unshared');
  }

  /** RFC 9111 section 4.3.4. */
  private onNotModified(notModified: ResponseHead): CacheHit | undefined {
    const { stored, conditions, writer, status, flight, onStorable } = this.options;
    const confirmed = (entry: CacheEntry) => this.hit(entry, 'revalidated', `${status}; fwd-status=304`);
    // The conditions were the client's own, and so is the answer.
    if (!stored || conditions === undefined) {
      flight?.settle('unshared');
      return undefined;
    }
    if (!selects(notModified.headers, stored.headers)) {
      this.dropStored();
      flight?.settle('abandoned');
      return confirmed(stored);
    }
    const headers = mergeHeaders(stored.headers, notModified.headers, writer.clock.wall());
    const head = writer.accept({ ...notModified, status: stored.status, headers });
    let entry = stored;
    if (head) {
      onStorable(true);
      entry = store(this.options, head, stored.body);
    } else {
      this.dropStored();
      this.onUnstorable();
    }
    // This client also gets the fields that are not stored. `Age` is computed for each use.
    return confirmed({ ...entry, headers: { ...headers, age: undefined } });
  }

  private hit(entry: CacheEntry, result: CacheHit['result'], status: string): CacheHit {
    const { lookup, clock } = this.options.writer;
    return hitWith(entry, lookup.exchange, clock, result, status);
  }

  private onUnstorable(): void {
    this.options.onStorable(false);
    this.options.flight?.settle('unshared');
  }

  private dropStored(): void {
    const { stored, writer } = this.options;
    // What one client gets for its credentials says nothing about the response for others.
    if (stored && !writer.lookup.hasCredentials) writer.drop();
  }
}

/** Stores a response, and gives it to those who wait. After an invalidation, one of them asks again. */
function store({ flight, writer }: TapOptions, head: StorableHead, body: Uint8Array): CacheEntry {
  const { entry, isCurrent } = writer.store(head, body);
  const { fields, storedAt: arrivedAt } = head;
  if (flight?.hasWaiters && isCurrent)
    flight.settle({ entry, fields, variant: variantFor(fields, writer.lookup.exchange), arrivedAt });
  else flight?.settle('abandoned');
  return entry;
}

/** Watches the answer to a HEAD or a range request that the upstream gets as it is. */
export function partTap(options: TapOptions): ResponseTap {
  const { writer, stored, flight, onStorable } = options;
  return {
    onHead: (response) => {
      const { status, headers } = response;
      const stale = staleInstead(options, status);
      const isHead = writer.lookup.exchange.req.method === 'HEAD';
      // Before such a request, the whole need not be fetched to find out again.
      if (lengthOfWhole(isHead, response) > writer.maxEntryBytes) onStorable(false);
      if (stale) return stale;
      if (!isHead || status !== 200 || stored?.status !== 200) {
        flight?.settle(status >= 500 ? 'abandoned' : 'unshared');
        return undefined;
      }
      // RFC 9111 section 4.3.5: the HEAD makes the stored response fresh again, or shows that it is outdated.
      const isSame = describes(headers, stored.headers, stored.body.length);
      const merged = { ...response, headers: mergeHeaders(stored.headers, headers, writer.clock.wall()) };
      const head = isSame && writer.accept(merged);
      if (head) {
        store(options, head, stored.body);
      } else {
        writer.drop();
        flight?.settle('abandoned');
      }
      return undefined;
    },
    onReplaced: (by) => flight?.settle(by === 'stale' ? 'failed' : 'abandoned'),
  };
}

/** @returns bytes, as far as the head tells */
function lengthOfWhole(isHead: boolean, { status, headers }: ResponseHead): number {
  if (isHead && status === 200) return Number(headers['content-length'] ?? 0);
  const [, total] = /\/(\d+)$/.exec(String(headers['content-range'])) ?? [];
  return status === 206 && total !== undefined ? Number(total) : 0;
}

/** RFC 5861 section 4: an error of the upstream is replaced by a stale response, also for those who wait. */
function staleInstead({ writer, stale, flight }: TapOptions, status: number): CacheHit | undefined {
  const instead = writer.lookup.policy.staleInsteadOf.includes(status) ? stale?.(status) : undefined;
  if (instead) flight?.settle('failed');
  return instead;
}
