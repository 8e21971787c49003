import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { ResourceName } from './invalidation.js';
import type { Aged } from './reuse.js';
import type { Keeping } from './storable.js';

interface Kept {
  /** What it takes in memory. */
  readonly bytes: number;
  /** Monotonic milliseconds. */
  readonly storedAt: number;
  readonly keepFor: number;
  /** What it is purged by: its route, its resource and its surrogate keys. */
  readonly scopes: readonly string[];
}

/** A whole response with what decides whether it may be used. Nothing of it is parsed again for a hit. */
export interface CacheEntry extends Kept, Aged, Keeping {
  readonly kind: 'response';
  readonly status: number;
  readonly headers: HeaderRecord;
  readonly body: Uint8Array;
}

/** Stands in the place of a response that has variants: tells how to find them (RFC 9111 section 4.1). */
export interface VariantIndex extends Kept {
  readonly kind: 'variants';
  /** Lower case, sorted. */
  readonly fields: readonly string[];
  /** Part of the keys of all variants: dropping the index drops them. */
  readonly generation: string;
}

export type Slot = CacheEntry | VariantIndex;

/** What objects, keys and indexes cost beside the bytes of a response. */
const OVERHEAD = 1024;

export function sizeOf(headers: HeaderRecord, body: Uint8Array): number {
  let bytes = body.length + OVERHEAD;
  for (const name of Object.keys(headers)) bytes += name.length + String(headers[name]).length;
  return bytes;
}

export function indexSize(fields: readonly string[]): number {
  return OVERHEAD + fields.join().length;
}

/**
 * A body in memory of its own. Out of Node's pool, a few bytes would keep a slab of 64 KiB from being freed, of which
 * nobody counts but those few.
 */
export function ownBytes(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const body = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

/** @param surrogates the fields `Surrogate-Key` (split by blanks) and `Cache-Tag` (split by commas) */
export function scopesOf(route: string, resource: ResourceName, headers: HeaderRecord): readonly string[] {
  const tags = [
    ...String(headers['surrogate-key'] ?? '').split(/\s+/),
    ...String(headers['cache-tag'] ?? '').split(/\s*,\s*/),
  ];
  const named = new Set(tags.filter((tag) => tag !== '').slice(0, MAX_TAGS));
  return [routeScope(route), resourceScope(resource), ...[...named].map(tagScope)];
}

const MAX_TAGS = 64;

export const routeScope = (route: string) => `r:${route}`;
export const resourceScope = ({ origin, target }: ResourceName) => `u:${origin} ${target}`;
export const tagScope = (tag: string) => `t:${tag}`;
