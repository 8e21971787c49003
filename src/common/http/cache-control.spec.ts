import { describe, expect, it } from 'vitest';
import { deltaSeconds, parseCacheControl } from './cache-control.js';

describe('parseCacheControl', () => {
  it('reads directives in any case, with tokens and quoted strings', () => {
    const directives = parseCacheControl('No-Store, max-age=60 ,private="x-a, x-b",foo');
    expect([...directives]).toEqual([
      ['no-store', true],
      ['max-age', '60'],
      ['private', 'x-a, x-b'],
      ['foo', true],
    ]);
  });

  it('reads several fields as one, and the first of a repeated directive', () => {
    expect(parseCacheControl(['max-age=1', 'max-age=2, no-cache']).get('max-age')).toBe('1');
  });

  it('does not find a directive inside a quoted string', () => {
    expect(parseCacheControl('ext="no-store"').has('no-store')).toBe(false);
    expect(parseCacheControl('ext="a\\", max-age=1"').has('max-age')).toBe(false);
    expect([...parseCacheControl('ext=a"max-age=1"b, max-age=2')]).toEqual([
      ['ext', 'a"max-age=1"b'],
      ['max-age', '2'],
    ]);
  });

  it('finds every directive after a quote that nobody closed', () => {
    expect(parseCacheControl('max-age=1, ext="a, no-store').has('no-store')).toBe(true);
  });
});

describe('deltaSeconds', () => {
  it.each([
    ['max-age=60', 60],
    ['max-age=0', 0],
    ['max-age="30"', 30],
    ['max-age=-1', 0],
    ['max-age=x', 0],
    ['max-age', 0],
    ['max-age=99999999999999999999', 2 ** 31],
    ['no-store', undefined],
  ])('%s is %s', (field, seconds) => {
    expect(deltaSeconds(parseCacheControl(field), 'max-age')).toBe(seconds);
  });
});
