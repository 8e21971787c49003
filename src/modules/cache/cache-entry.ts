import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { ResourceName } from './cache-key.js';
import type { StorePolicy } from './storable.js';

interface SlotBase {
  /** Size in memory. */
  readonly bytes: number;
  /** Monotonic milliseconds. */
  readonly storedAt: number;
  readonly keepFor: number;
  /** What it is purged by: its route, its resource and its surrogate keys. */
  readonly scopes: readonly string[];
}

/** A whole response with what decides whether it may be used. Nothing of it is parsed again for a hit. */
export interface CacheEntry extends SlotBase, Omit<StorePolicy, 'isByTtl'> {
  readonly kind: 'response';
  /** Milliseconds of age at `storedAt`. */
  readonly initialAge: number;
  readonly status: number;
  readonly headers: HeaderRecord;
  readonly body: Uint8Array;
}

/** Stands in the place of a response that has variants, and tells how to find them (RFC 9111 section 4.1). */
export interface VariantIndex extends SlotBase {
  readonly kind: 'variants';
  /** Lower case, sorted. */
  readonly fields: readonly string[];
}

export type Slot = CacheEntry | VariantIndex;

/** What memory has for a request. */
export interface Found {
  /** Usable or not. */
  readonly entry: CacheEntry | undefined;
  /** The key of the entry: that of the variant, once it is known what tells variants apart. */
  readonly name: string;
  readonly hasVariants: boolean;
}

/** Bytes that objects, keys and indexes take beside a response. */
const OVERHEAD = 1024;
const MAX_TAGS = 64;

export function sizeOf(headers: HeaderRecord, body: Uint8Array): number {
  let bytes = body.length + OVERHEAD;
  for (const name of Object.keys(headers)) bytes += name.length + String(headers[name]).length;
  return bytes;
}

export function indexSize(fields: readonly string[]): number {
  return OVERHEAD + fields.join().length;
}

/**
 * Joins chunks into memory of their own. A few bytes from Node's pool would keep a whole slab of 64 KiB alive, of
 * which `bytes` counts only those few.
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

/** @param headers of a response: `Surrogate-Key` (split by blanks) and `Cache-Tag` (split by commas) name its tags */
export function scopesOf(route: string, resource: ResourceName, headers: HeaderRecord): readonly string[] {
  const tags = [
    ...String(headers['surrogate-key'] ?? '').split(/\s+/),
    ...String(headers['cache-tag'] ?? '')
      .split(',')
      .map((tag) => tag.trim()),
  ];
  const named = new Set(tags.filter((tag) => tag !== '').slice(0, MAX_TAGS));
  return [routeScope(route), resourceScope(resource), ...[...named].map(tagScope)];
}

export const EVERYTHING = '*';
export const routeScope = (route: string) => `r:${route}`;
export const resourceScope = ({ origin, target }: ResourceName) => `u:${origin} ${target}`;
export const tagScope = (tag: string) => `t:${tag}`;

const KEY = 'k:';
/** The copies of one key in all variants. */
export const keyScope = (key: string) => KEY + key;
/** @returns `undefined` for any other scope */
export const keyOfScope = (scope: string) => (scope.startsWith(KEY) ? scope.slice(KEY.length) : undefined);
