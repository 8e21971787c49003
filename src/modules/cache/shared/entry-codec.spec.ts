import { describe, expect, it } from 'vitest';
import {
  type CacheEntry,
  keyScope,
  resourceScope,
  routeScope,
  sizeOf,
  type VariantIndex,
} from '../cache-entry.js';
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
  isForAll: false,
  noCache: false,
  mustRevalidate: false,
  staleIfError: 30_000,
  staleWhileRevalidate: 0,
};
const envelope = { generations: ['all', null, 'word', null], wall: 1_700_000_000_000, life: 60_000 };
const at = (passed: number) => ({ now: 9_000, wall: envelope.wall + passed, left: envelope.life - passed });
const text = () => encode(KEY, entry, envelope);

describe('an entry in Redis', () => {
  it('is decoded as it was encoded', () => {
    const read = decode(KEY, text(), at(0));
    expect(read).toEqual({ slot: { ...entry, storedAt: 9_000 }, generations: envelope.generations });
  });

  it('can be the index of variants, or a variant', () => {
    const index: VariantIndex = {
      kind: 'variants',
      fields: ['accept'],
      bytes: 1_030,
      storedAt: 1_000,
      keepFor: 60_000,
      scopes: SCOPES.slice(0, 2),
    };
    expect(decode(KEY, encode(KEY, index, envelope), at(0))?.slot).toEqual({ ...index, storedAt: 9_000 });
    const variantKey = `${'v'.repeat(43)} ${KEY}`;
    const variant = { ...entry, scopes: [...SCOPES, keyScope(KEY)] };
    const read = decode(variantKey, encode(variantKey, variant, envelope), at(0));
    expect(read?.slot.scopes.toSorted()).toEqual(variant.scopes.toSorted());
  });

  it('costs base64 of its body, and little more', () => {
    const large = { ...entry, body: new Uint8Array(99_999).fill(255) };
    expect(encode(KEY, large, envelope).length - (large.body.length / 3) * 4).toBeLessThan(700);
  });

  it.each([
    ['new when it is read at once', { now: 9_000, wall: 0, left: 0 }, 0],
    ['as old as Redis says', { now: 9_000, wall: 0, left: -10_000 }, 10_000],
    ['as old as our clock says, when it was written late', { now: 9_000, wall: 20_000, left: 0 }, 20_000],
    ['not younger for a clock that is behind', { now: 9_000, wall: -50_000, left: -10_000 }, 10_000],
    ['never from the future', { now: 9_000, wall: -50_000, left: 0 }, 0],
  ])('is %s', (_, { now, wall, left }, age) => {
    const times = { now, wall: envelope.wall + wall, left: envelope.life + left };
    expect(decode(KEY, text(), times)?.slot.storedAt).toBe(now - age);
  });

  it('is not decoded under the key of another user', () => {
    expect(decode(keyOf('bobby'), text(), at(0))).toBeUndefined();
  });

  it.each([
    ['empty', ''],
    ['text', 'garbage'],
    ['a number', 1],
    ['null', null],
    ['an object', { kind: 'response', status: 200 }],
    ['zeroes', `2:${'A'.repeat(500)}`],
    ['of another version', text().replace('2:', '1:')],
    ['without a version', text().slice(2)],
    ['followed by more', `${text()}x`],
    ['followed by more base64', `${text()}AAAA`],
    ['preceded by what is not base64', text().replace('2:', '2:é')],
  ])('is not decoded when it is %s', (_, damaged) => {
    expect(decode(KEY, damaged, at(0))).toBeUndefined();
  });

  it('is not decoded as anything else when one character is different, or when it was cut short', () => {
    const whole = text();
    const read = decode(KEY, whole, at(0));
    for (let i = 0; i < whole.length; i++) {
      const other = whole[i] === 'A' ? 'B' : 'A';
      const changed = decode(KEY, whole.slice(0, i) + other + whole.slice(i + 1), at(0));
      // The last characters of base64 have bits that mean nothing.
      expect(changed).toEqual(i > whole.length - 4 && changed ? read : undefined);
      expect(decode(KEY, whole.slice(0, i), at(0))).toBeUndefined();
    }
  });
});
