import { describe, expect, it } from 'vitest';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import { parseTargeted, responseDirectives } from './directives.js';
import { explicitLifetime, initialAge } from './freshness.js';

const NOW = Date.UTC(2026, 10, 22, 12);
const at = (seconds: number) => new Date(NOW + seconds * 1000).toUTCString();

function lifetime(headers: HeaderRecord, isPrivate = false): number | undefined {
  return explicitLifetime({
    status: 200,
    headers,
    directives: responseDirectives(headers),
    isPrivate,
    receivedAt: NOW,
  });
}

describe('explicitLifetime (RFC 9111 section 4.2.1)', () => {
  it.each([
    ['nothing', {}, undefined],
    ['max-age', { 'cache-control': 'max-age=60' }, 60_000],
    ['s-maxage before max-age', { 'cache-control': 'max-age=60, s-maxage=10' }, 10_000],
    ['the first of two', { 'cache-control': 'max-age=60, max-age=10' }, 60_000],
    ['max-age before Expires', { 'cache-control': 'max-age=60', expires: at(10) }, 60_000],
    ['Expires less Date', { date: at(-10), expires: at(20) }, 30_000],
    ['Expires without a Date', { expires: at(20) }, 20_000],
    ['an Expires in the past', { date: at(0), expires: at(-1) }, 0],
    ['an Expires that is no date', { expires: '0' }, 0],
    ['an Expires in another form', { expires: '2099-01-01' }, 0],
    ['two Expires', { expires: [at(10), at(20)] }, 0],
    ['a max-age that is no number', { 'cache-control': 'max-age=1.5' }, 0],
    ['a max-age beyond all numbers', { 'cache-control': `max-age=${'9'.repeat(40)}` }, 2 ** 31 * 1000],
  ])('of %s', (_, headers, expected) => {
    expect(lifetime(headers as HeaderRecord)).toBe(expected);
  });

  it('does not heed s-maxage for one user, unless nothing else is said', () => {
    expect(lifetime({ 'cache-control': 'max-age=60, s-maxage=10' }, true)).toBe(60_000);
    expect(lifetime({ 'cache-control': 's-maxage=10', expires: at(20) }, true)).toBe(20_000);
    expect(lifetime({ 'cache-control': 's-maxage=10' }, true)).toBe(10_000);
  });
});

describe('CDN-Cache-Control (RFC 9213)', () => {
  it.each([
    ['comes first', { 'cdn-cache-control': 'max-age=10', 'cache-control': 'max-age=60' }, 10_000],
    ['silences Expires', { 'cdn-cache-control': 'public', expires: at(20) }, undefined],
    ['is ignored when empty', { 'cdn-cache-control': '', 'cache-control': 'max-age=60' }, 60_000],
    [
      'is ignored when malformed',
      { 'cdn-cache-control': 'max-age=10,,', 'cache-control': 'max-age=60' },
      60_000,
    ],
    ['takes the last of two', { 'cdn-cache-control': 'max-age=10, max-age=20' }, 20_000],
    ['passes over parameters', { 'cdn-cache-control': 'max-age=10;a=1;b' }, 10_000],
    ['takes several lines as one', { 'cdn-cache-control': ['max-age=10', 'max-age=20'] }, 20_000],
    ['gives no lifetime by a string', { 'cdn-cache-control': 'max-age="10"' }, 0],
    ['gives none by a decimal', { 'cdn-cache-control': 's-maxage=10.0' }, 0],
    ['gives none by itself', { 'cdn-cache-control': 'max-age' }, 0],
    [
      'counts also when all it says is no',
      { 'cdn-cache-control': 'no-store=?0', expires: at(20) },
      undefined,
    ],
  ])('%s', (_, headers, expected) => {
    expect(lifetime(headers as HeaderRecord)).toBe(expected);
  });

  it.each([
    '',
    'Max-Age=1',
    'a b',
    'a=',
    '=1',
    'a,',
    ',a',
    'a,,b',
    'a =1',
    'a= 1',
    '&&&',
    'é',
    'a;B',
    'a=(1 2',
    'a=(1,2)',
    'a=(1(2))',
    'a=1.',
    'a=.5',
    'a=1.2345',
    'a=1.5.5',
    `a=${'1'.repeat(16)}`,
    'a="b',
    'a="\\n"',
    'a="é"',
    'a=:b!:',
    'a=:b',
    'a=?2',
    'a=@1',
    "a='1'",
    'a=1;',
    'a=1;=2',
    'a=1;b=(1)',
  ])('is no dictionary: %s', (field) => {
    expect(parseTargeted(field)).toBeUndefined();
  });

  it.each([
    ['a=(1 "b";c ?0  *d:e/f)', ''],
    ['a=()', ''],
    ['a=:aGk=:', ':aGk=:'],
    ['a=-1.5', '-1.5'],
    ['a="b\\"c, d"', 'b"c, d'],
    ['a=b;c="d";e=?0; f', 'b'],
    ['a\t,\ta=c', 'c'],
    ["a=b!#$%&'*+-.^_|~:/`Z9", "b!#$%&'*+-.^_|~:/`Z9"],
    ['a=1, a', true],
  ])('is a dictionary: %s', (field, value) => {
    expect(parseTargeted(field)?.get('a')).toBe(value);
  });

  it('reads booleans', () => {
    expect([...(parseTargeted('no-store=?0, private=?1, public') ?? [])]).toEqual([
      ['private', true],
      ['public', true],
    ]);
  });
});

describe('initialAge (RFC 9111 section 4.2.3)', () => {
  it.each([
    ['nothing known', {}, 0, 0],
    ['an Age', { age: '50' }, 0, 50_000],
    ['an Age and the time the answer took', { age: '50' }, 2_000, 52_000],
    ['a Date of a clock that is behind', { date: at(-30) }, 2_000, 2_000],
    ['a Date of a clock that is ahead', { date: at(30) }, 0, 0],
    ['an Age beside a Date', { date: at(-90), age: '50' }, 0, 50_000],
    ['an Age that is no number', { age: 'old' }, 0, 0],
    ['a negative Age', { age: '-1' }, 0, 0],
    ['the first of two Ages', { age: ['5', '9'] }, 0, 5_000],
    ['the first of a list', { age: '5, 9' }, 0, 5_000],
  ])('of %s', (_, headers, delay, expected) => {
    expect(initialAge(headers as HeaderRecord, delay)).toBe(expected);
  });
});
