import type { Clock } from '../../common/clock.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { ResponseTap } from '../routing/exchange.js';
import type { CacheEntry } from './response-store.js';
import { freshnessLifetime, initialAge, type StorableContext } from './storable.js';

export interface StoringTapOptions extends Pick<StorableContext, 'ttl' | 'isPrivate' | 'authenticated'> {
  readonly maxEntryBytes: number;
  readonly clock: Clock;
  /** Called once, with a complete response. */
  readonly store: (entry: CacheEntry) => void;
}

/** Gathers a storable response while it streams by; gives up when it grows too large. */
export class StoringTap implements ResponseTap {
  private status = 0;
  private headers: HeaderRecord = {};
  private freshFor = 0;
  private chunks: Uint8Array[] = [];
  private bytes = 0;

  constructor(private readonly options: StoringTapOptions) {}

  onHead(status: number, headers: HeaderRecord): void {
    const { ttl, isPrivate, authenticated } = this.options;
    this.status = status;
    this.headers = headers;
    this.freshFor = freshnessLifetime({ status, headers, ttl, isPrivate, authenticated });
  }

  onData(chunk: Uint8Array): void {
    if (this.freshFor === 0) return;
    this.bytes += chunk.length;
    if (this.bytes > this.options.maxEntryBytes) this.giveUp();
    else this.chunks.push(chunk);
  }

  onEnd(): void {
    if (this.freshFor === 0) return;
    const body = Buffer.concat(this.chunks);
    this.options.store({
      status: this.status,
      headers: this.headers,
      body,
      bytes: body.length + headerBytes(this.headers),
      storedAt: this.options.clock.now(),
      initialAge: initialAge(this.headers),
      freshFor: this.freshFor,
    });
  }

  private giveUp(): void {
    this.freshFor = 0;
    this.chunks = [];
  }
}

function headerBytes(headers: HeaderRecord): number {
  let bytes = 0;
  for (const name of Object.keys(headers)) bytes += name.length + String(headers[name]).length;
  return bytes;
}
