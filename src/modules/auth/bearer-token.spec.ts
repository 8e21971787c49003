import { describe, expect, it } from 'vitest';
import { bearerToken } from './bearer-token.js';

describe('bearerToken', () => {
  it.each(['Bearer abc', 'bearer abc', 'BEARER   abc ', 'bEARER abc'])('reads %j', (field) => {
    expect(bearerToken(field)).toBe('abc');
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer   ',
    ' Bearer abc',
    'Bearer a b',
    'Basic abc',
    'Bearerabc',
    'Bearer\tabc',
  ])('finds none in %j', (field) => {
    expect(bearerToken(field)).toBeUndefined();
  });

  it('leaves what is no blank to whoever judges the token', () => {
    expect(bearerToken('Bearer abc\u00a0')).toBe('abc\u00a0');
    expect(bearerToken('Bearer a\tb')).toBe('a\tb');
  });
});
