import { createHash } from 'node:crypto';
import { type CacheEntry, indexSize, keyScope, resourceScope, routeScope, sizeOf } from '../cache-entry.js';
import type { Slot, VariantIndex } from '../cache-entry.js';
import { namesOf, plainKey } from '../cache-key.js';

/*
 * The form of a stored response in Redis: a version, and in base64 a digest (16 bytes), the length of the metadata (4
 * bytes, big endian), the metadata as JSON and the body. It is one opaque text, because the store of
 * cache-manager-ioredis-yet revives texts that begin with `_date_`, `_function_` and the like, and what an upstream wrote
 * must not be one of them. The digest covers the key, the metadata and the body, so that an entry that was cut short,
 * changed, copied to another key or written by another version is not used.
 */
const VERSION = '2:';
const DIGEST = 16;
const META_AT = DIGEST + 4;

/** What belongs to a slot in Redis. */
export interface Envelope {
  /** Those of everything, the route, the key, the resource, and each tag in the order of the scopes: see `Generations`. */
  readonly generations: readonly (string | null)[];
  /** Time of storing in milliseconds since the epoch. */
  readonly wall: number;
  /** Milliseconds that Redis keeps it. */
  readonly life: number;
}

/** The metadata leaves out the body, which follows it, and what is computed on reading. */
type Bare<T extends Slot> = Omit<T, 'storedAt' | 'bytes' | 'body'>;

interface Meta extends Envelope {
  readonly slot: Bare<CacheEntry> | Bare<VariantIndex>;
}

export function encode(key: string, slot: Slot, { generations, wall, life }: Envelope): string {
  const own = ownScopes(key);
  const { storedAt: _, bytes: _bytes, ...rest } = slot;
  const { body, ...bare } = rest.kind === 'response' ? rest : { ...rest, body: new Uint8Array() };
  const scopes = slot.scopes.filter((scope) => !own.includes(scope));
  const meta = Buffer.from(JSON.stringify({ generations, wall, life, slot: { ...bare, scopes } }));
  const bytes = Buffer.allocUnsafe(META_AT + meta.length + body.length);
  bytes.writeUInt32BE(meta.length, DIGEST);
  meta.copy(bytes, META_AT);
  bytes.set(body, META_AT + meta.length);
  digest(key, bytes).copy(bytes);
  return VERSION + bytes.toString('base64');
}

/**
 * @param times milliseconds: `now` is monotonic, `wall` counts from the epoch, and `left` is what Redis still keeps it for
 * @returns `undefined` for anything but what `encode` made for this key
 */
export function decode(
  key: string,
  value: unknown,
  times: Readonly<Record<'now' | 'wall' | 'left', number>>,
): { readonly slot: Slot; readonly generations: Envelope['generations'] } | undefined {
  if (typeof value !== 'string' || !value.startsWith(VERSION)) return undefined;
  const text = value.slice(VERSION.length);
  const bytes = Buffer.from(text, 'base64');
  // Node ignores what is not base64.
  if (bytes.length < META_AT || text.length !== 4 * Math.ceil(bytes.length / 3)) return undefined;
  if (!digest(key, bytes).equals(bytes.subarray(0, DIGEST))) return undefined;
  const bodyAt = META_AT + bytes.readUInt32BE(DIGEST);
  // With this digest, it is what `encode` wrote.
  const meta = JSON.parse(bytes.toString('utf8', META_AT, bodyAt)) as Meta;
  // Redis's clock tells how long ago it was written, and ours whether it was written late. The clocks of gateways may
  // differ, so the greater age counts.
  const storedAt = times.now - Math.max(meta.life - times.left, times.wall - meta.wall, 0);
  const scopes = [...ownScopes(key), ...meta.slot.scopes];
  if (meta.slot.kind === 'variants') {
    const slot = { ...meta.slot, storedAt, scopes, bytes: indexSize(meta.slot.fields) };
    return { slot, generations: meta.generations };
  }
  // It is copied, because it is part of a larger buffer, which would be kept with it.
  const body = new Uint8Array(bytes.subarray(bodyAt));
  const slot = { ...meta.slot, storedAt, scopes, body, bytes: sizeOf(meta.slot.headers, body) };
  return { slot, generations: meta.generations };
}

function digest(key: string, bytes: Buffer): Buffer {
  const name = Buffer.from(key);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  const sum = createHash('sha256').update(VERSION).update(length).update(name).update(bytes.subarray(DIGEST));
  return sum.digest().subarray(0, DIGEST);
}

/** The scopes that follow from its key. */
function ownScopes(key: string): readonly string[] {
  const { route, resource } = namesOf(key);
  const plain = plainKey(key);
  return [routeScope(route), resourceScope(resource), ...(plain === key ? [] : [keyScope(plain)])];
}
