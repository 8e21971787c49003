import { describe, expect, it } from 'vitest';
import { type CacheEntry, resourceScope, routeScope, sizeOf, type VariantIndex } from '../cache-entry.js';
import { decode, encode } from './entry-codec.js';

const part = (text: string) => `${text.length}:${text}`;
const keyOf = (user: string) => `${['users', 'a.test', user, '', '/1'].map(part).join('')}?q=1`;
const KEY = keyOf('alice');
const SCOPES = [routeScope('users'), resourceScope({ origin: 'a.test', target: '/1?q=1' }), 't:tag'];
const HEADERS = { 'content-type': 'text/plain', link: ['a', 'b'], 'x-odd': '\u00ff"\\' };
const BODY = new Uint8Array([0, 1, 2, 254, 255]);

const entry: CacheEntry = {
  kind: 'response',
  status: 200,
  headers: HEADERS,
  body: BODY,
  bytes: sizeOf(HEADERS, BODY),
  scopes: SCOPES,
  storedAt: 1_000,
  keepFor: 60_000,
  initialAge: 5_000,
  lifetime: 30_000,
  noCache: false,
  mustRevalidate: false,
  staleIfError: 30_000,
  staleWhileRevalidate: 0,
};
const envelope = { generations: ['all', null, 'word', null], wall: 1_700_000_000_000, life: 60_000 };
const at = (passed: number) => ({ now: 9_000, wall: envelope.wall + passed, left: envelope.life - passed });
const bytes = () => encode(KEY, entry, envelope);

describe('an entry in Redis', () => {
  it('is read as it was written', () => {
    const read = decode(KEY, bytes(), at(0));
    expect(read).toEqual({ slot: { ...entry, storedAt: 9_000 }, generations: envelope.generations });
  });

  it('may be the index of variants, or a variant', () => {
    const generation = 'e7f7c9c8-6f0f-4b8e-9d54-0d5b8b1c6a01';
    const index: VariantIndex = {
      kind: 'variants',
      fields: ['accept'],
      generation,
      bytes: 1_030,
      storedAt: 1_000,
      keepFor: 60_000,
      scopes: SCOPES.slice(0, 2),
    };
    expect(decode(KEY, encode(KEY, index, envelope), at(0))?.slot).toEqual({ ...index, storedAt: 9_000 });
    const variantKey = `${generation} abc ${KEY}`;
    const variant = { ...entry, scopes: [...SCOPES, `v:${generation}`] };
    const read = decode(variantKey, encode(variantKey, variant, envelope), at(0));
    expect(read?.slot.scopes).toEqual(variant.scopes);
  });

  it('costs little more than its fields and its body, as it is', () => {
    const large = { ...entry, body: new Uint8Array(100_000).fill(255) };
    expect(encode(KEY, large, envelope).length - large.body.length).toBeLessThan(500);
  });

  it.each([
    ['read at once by both clocks', { now: 9_000, wall: 0, left: 0 }, 0],
    ['as old as Redis says', { now: 9_000, wall: 0, left: -10_000 }, 10_000],
    ['as old as our clock says, when it was written late', { now: 9_000, wall: 20_000, left: 0 }, 20_000],
    ['not younger for a clock that is behind', { now: 9_000, wall: -50_000, left: -10_000 }, 10_000],
    ['never from the future', { now: 9_000, wall: -50_000, left: 0 }, 0],
  ])('is %s', (_, { now, wall, left }, age) => {
    const times = { now, wall: envelope.wall + wall, left: envelope.life + left };
    expect(decode(KEY, bytes(), times)?.slot.storedAt).toBe(now - age);
  });

  it('is nothing under the key of another user', () => {
    expect(decode(keyOf('bobby'), bytes(), at(0))).toBeUndefined();
  });

  it('is nothing when Redis was told to keep it for good', () => {
    expect(decode(KEY, bytes(), { ...at(0), left: -1 })).toBeUndefined();
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['text', Buffer.from('garbage')],
    ['JSON', Buffer.from('{"kind":"response","status":200}'.repeat(4))],
    ['zeroes', Buffer.alloc(500)],
    ['of another version', Buffer.from([2, ...bytes().subarray(1)])],
    ['followed by more', Buffer.concat([bytes(), Buffer.from('x')])],
  ])('is nothing when it is %s', (_, damaged) => {
    expect(decode(KEY, damaged, at(0))).toBeUndefined();
  });

  it('is nothing when any bit of it is another one, or it was cut short', () => {
    const whole = bytes();
    for (let i = 0; i < whole.length; i++) {
      const flipped = Buffer.from(whole);
      flipped[i] = (whole[i] ?? 0) ^ (1 << (i % 8));
      expect(decode(KEY, flipped, at(0))).toBeUndefined();
      expect(decode(KEY, whole.subarray(0, i), at(0))).toBeUndefined();
    }
  });
});
