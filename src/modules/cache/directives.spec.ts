import { describe, expect, it } from 'vitest';
import { fieldsOf, parseTargeted, responseDirectives } from './directives.js';

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

  it.each(['', ',', 'A=1', 'a=', 'a=1,', 'a=1 b', 'a="', 'a=(b', 'a=?2'])('is nothing of "%s"', (field) => {
    expect(parseTargeted(field)).toBeUndefined();
  });
});

describe('responseDirectives', () => {
  it('are those of the targeted field, and else of Cache-Control', () => {
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
  it.each<[string | true | undefined, readonly string[] | undefined]>([
    ['X-A, x-b ,', ['x-a', 'x-b']],
    ['x-a', ['x-a']],
    ['', undefined],
    [' , ', undefined],
    [true, undefined],
    [undefined, undefined],
  ])('of %j are %j', (value, fields) => {
    const control = new Map(value === undefined ? [] : [['private', value]]);
    expect(fieldsOf(control, 'private')).toEqual(fields);
    expect(fieldsOf(control, 'no-cache')).toBeUndefined();
  });
});
