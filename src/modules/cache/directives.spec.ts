import { describe, expect, it } from 'vitest';
import {
  fieldsOf,
  NOTHING_ASKED,
  parseTargeted,
  requestDirectives,
  responseDirectives,
} from './directives.js';

const targeted = (field: string) => Object.fromEntries(parseTargeted(field) ?? []);

describe('parseTargeted (RFC 9213 section 2.1)', () => {
  it.each<[string, Record<string, string | true>]>([
    ['no-store', { 'no-store': true }],
    ['no-store=?1', { 'no-store': true }],
    ['no-store=?0', {}],
    ['no-store, no-store=?0', {}],
    ['max-age=60, s-maxage=30', { 'max-age': '60', 's-maxage': '30' }],
    ['max-age=60;a=1;b="c"', { 'max-age': '60' }],
    ['max-age="60"', { 'max-age': 'invalid' }],
    ['s-maxage="60"', { 's-maxage': 'invalid' }],
    ['s-maxage=6.0', { 's-maxage': 'invalid' }],
    ['x=6.0', { x: '6.0' }],
    ['x=token', { x: 'token' }],
    ['x="a, b"', { x: 'a, b' }],
    [String.raw`x="a\"b\\c"`, { x: String.raw`a"b\c` }],
    ['x=(a "b")', { x: '' }],
    ['no-cache="x-a,x-b"', { 'no-cache': 'x-a,x-b' }],
    ['  max-age=60 ', { 'max-age': '60' }],
  ])('reads %s', (field, directives) => {
    expect(targeted(field)).toEqual(directives);
  });

  it.each(['', ',', 'A=1', 'a=', 'a=1,', 'a=1 b', 'a="', 'a=(b', 'a=?2'])('ignores "%s"', (field) => {
    expect(parseTargeted(field)).toBeUndefined();
  });
});

describe('responseDirectives', () => {
  it('come from the targeted field if it is valid, and else from Cache-Control', () => {
    const headers = { 'cache-control': 'max-age=1' };
    expect(responseDirectives({ ...headers, 'cdn-cache-control': 'max-age=2' })).toEqual({
      control: new Map([['max-age', '2']]),
      targeted: true,
    });
    for (const field of [undefined, '', 'max-age=2,']) {
      expect(responseDirectives({ ...headers, 'cdn-cache-control': field })).toEqual({
        control: new Map([['max-age', '1']]),
        targeted: false,
      });
    }
  });
});

describe('fieldsOf', () => {
  it.each<[string | true | undefined, readonly string[]]>([
    ['X-A, x-b ,', ['x-a', 'x-b']],
    ['x-a', ['x-a']],
    ['', []],
    [' , ', []],
    [true, []],
    [undefined, []],
  ])('of %j are %j', (value, fields) => {
    const control = new Map(value === undefined ? [] : [['private', value]]);
    expect(fieldsOf(control, 'private')).toEqual(fields);
    expect(fieldsOf(control, 'no-cache')).toEqual([]);
  });
});

describe('requestDirectives (RFC 9111 section 5.2.1)', () => {
  it('are empty without a field', () => {
    const nothing = {
      noStore: false,
      noCache: false,
      onlyIfCached: false,
      maxAge: Number.POSITIVE_INFINITY,
      minFresh: 0,
      maxStale: 0,
      staleIfError: 0,
    };
    expect(NOTHING_ASKED).toEqual(nothing);
    expect(requestDirectives(undefined, undefined)).toEqual(nothing);
    expect(requestDirectives('', 'no-cache')).toEqual(nothing);
    expect(requestDirectives('x=1', undefined)).toEqual(nothing);
  });

  it.each([
    ['no-store', { noStore: true }],
    ['No-Cache', { noCache: true }],
    ['only-if-cached', { onlyIfCached: true }],
    ['max-age=2', { maxAge: 2_000 }],
    ['max-age', { maxAge: 0 }],
    ['max-age=x', { maxAge: 0 }],
    ['min-fresh=2', { minFresh: 2_000 }],
    ['min-fresh=-2', { minFresh: 0 }],
    ['max-stale=2', { maxStale: 2_000 }],
    ['max-stale', { maxStale: Number.POSITIVE_INFINITY }],
    ['max-stale=x', { maxStale: 0 }],
    ['stale-if-error=2', { staleIfError: 2_000 }],
    ['no-cache, max-age=2, x="no-store"', { noCache: true, maxAge: 2_000 }],
  ])('%s', (field, asked) => {
    expect(requestDirectives(field, undefined)).toEqual({ ...NOTHING_ASKED, ...asked });
  });

  it.each([
    ['no-cache', true],
    ['x, NO-CACHE , y', true],
    ['no-cache-x', false],
    ['x', false],
  ])('Pragma: %s', (pragma, noCache) => {
    expect(requestDirectives(undefined, pragma)).toEqual({ ...NOTHING_ASKED, noCache });
  });
});
