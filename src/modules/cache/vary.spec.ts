import { describe, expect, it } from 'vitest';
import { variantOf, varyFields } from './vary.js';

describe('varyFields (RFC 9111 section 4.1)', () => {
  it('are one list, in whatever case and order', () => {
    expect(varyFields({ vary: 'B, a' })).toEqual(['a', 'b']);
    expect(varyFields({ vary: ['B', ' a ,'] })).toEqual(['a', 'b']);
    expect(varyFields({})).toEqual([]);
  });

  it.each(['*', 'accept, *', 'X-Request-Id', 'X-Forwarded-For'])('match no request: %s', (vary) => {
    expect(varyFields({ vary })).toBeUndefined();
  });

  it('are not too many', () => {
    expect(varyFields({ vary: Array.from({ length: 17 }, (_, i) => `x-${i}`).join() })).toBeUndefined();
  });

  it('leave out what every key has', () => {
    expect(varyFields({ vary: 'Host, X-Forwarded-Proto' })).toEqual([]);
  });
});

describe('variantOf', () => {
  const variant = (name: string, value: string | undefined) => variantOf([name], { [name]: value });

  it.each([
    ['accept-language', 'en, de', 'EN,de'],
    ['accept-encoding', 'gzip;q=1', 'gzip ; q=1'],
    ['x-a', 'a , b', 'a,b'],
  ])('of %s is the same for %j and %j', (name, a, b) => {
    expect(variant(name, a)).toBe(variant(name, b));
  });

  it.each([
    ['accept-language', 'en, de', 'de, en'],
    ['x-a', 'a', 'A'],
    ['x-a', '', undefined],
    ['x-a', 'null', undefined],
  ])('of %s is another one for %j and %j', (name, a, b) => {
    expect(variant(name, a)).not.toBe(variant(name, b));
  });

  it('takes a user from the gateway, never from the client', () => {
    const of = (subject: string, claim: string) =>
      variantOf(['x-user-id'], { 'x-user-id': claim }, ['X-User-Id', subject]);
    expect(of('alice', 'bob')).toBe(of('alice', 'carol'));
    expect(of('alice', 'bob')).not.toBe(of('bob', 'bob'));
  });
});
