import { createHash } from 'node:crypto';
import { type CacheEntry, indexSize, resourceScope, routeScope, sizeOf } from '../cache-entry.js';
import type { Slot, VariantIndex } from '../cache-entry.js';
import { namesOf } from '../cache-key.js';

/*
 * What a stored response is in Redis: version (1 byte), digest (16), length of the metadata (4, big endian), metadata
 * as JSON, and the body as it is. The digest is over the key, the metadata and the body: what was cut short, changed,
 * put in the place of another key's, or is of another version does not count.
 */
const VERSION = 1;
const DIGEST = 16;
const META_AT = 1 + DIGEST + 4;

/** What belongs to a slot in Redis. */
export interface Envelope {
  /** Of all, the route, the resource, and each tag in the order of the scopes: see `Generations`. */
  readonly generations: readonly (string | null)[];
  /** Milliseconds since the epoch, when it was stored. */
  readonly wall: number;
  /** Milliseconds that Redis keeps it. */
  readonly life: number;
}

export interface ReadTimes {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Milliseconds since the epoch. */
  readonly wall: number;
  /** Milliseconds that Redis will still keep it. */
  readonly left: number;
}

/** The body follows, and the rest is told by the key. */
type Bare<T extends Slot> = Omit<T, 'storedAt' | 'bytes' | 'body'>;

interface Meta extends Envelope {
  readonly slot: Bare<CacheEntry> | Bare<VariantIndex>;
}

export function encode(key: string, slot: Slot, { generations, wall, life }: Envelope): Buffer {
  const own = ownScopes(key);
  const { storedAt: _, bytes: _bytes, ...rest } = slot;
  const { body = EMPTY, ...bare } = rest.kind === 'response' ? rest : { ...rest, body: undefined };
  const scopes = slot.scopes.filter((scope) => !own.includes(scope));
  const meta = Buffer.from(JSON.stringify({ generations, wall, life, slot: { ...bare, scopes } }));
  const bytes = Buffer.allocUnsafe(META_AT + meta.length + body.length);
  bytes[0] = VERSION;
  bytes.writeUInt32BE(meta.length, 1 + DIGEST);
  meta.copy(bytes, META_AT);
  bytes.set(body, META_AT + meta.length);
  digest(key, bytes).copy(bytes, 1);
  return bytes;
}

/** @returns `undefined` for anything but what `encode` made for this key */
export function decode(
  key: string,
  bytes: Buffer,
  { now, wall, left }: ReadTimes,
): { readonly slot: Slot; readonly generations: Envelope['generations'] } | undefined {
  if (bytes.length < META_AT || bytes[0] !== VERSION || left < 0) return undefined;
  if (!digest(key, bytes).equals(bytes.subarray(1, 1 + DIGEST))) return undefined;
  const bodyAt = META_AT + bytes.readUInt32BE(1 + DIGEST);
  // With this digest, it is what `encode` wrote.
  const meta = JSON.parse(bytes.toString('utf8', META_AT, bodyAt)) as Meta;
  // Redis's clock tells how long ago it was written; ours, if it was written late. Clocks of gateways may differ: what
  // is younger by one is as old as it is by the other.
  const storedAt = now - Math.max(meta.life - left, wall - meta.wall, 0);
  const scopes = [...ownScopes(key), ...meta.slot.scopes];
  if (meta.slot.kind === 'variants') {
    const slot = { ...meta.slot, storedAt, scopes, bytes: indexSize(meta.slot.fields) };
    return { slot, generations: meta.generations };
  }
  // A copy: what was read is part of a larger buffer, which would be kept with it.
  const body = new Uint8Array(bytes.subarray(bodyAt));
  const slot = { ...meta.slot, storedAt, scopes, body, bytes: sizeOf(meta.slot.headers, body) };
  return { slot, generations: meta.generations };
}

const EMPTY = new Uint8Array();

function digest(key: string, bytes: Buffer): Buffer {
  const name = Buffer.from(key);
  const length = Buffer.alloc(5);
  length[0] = VERSION;
  length.writeUInt32BE(name.length, 1);
  const sum = createHash('sha256')
    .update(length)
    .update(name)
    .update(bytes.subarray(1 + DIGEST));
  return sum.digest().subarray(0, DIGEST);
}

/** Those that its key tells. */
function ownScopes(key: string): readonly string[] {
  const { route, resource } = namesOf(key);
  return [routeScope(route), resourceScope(resource)];
}
