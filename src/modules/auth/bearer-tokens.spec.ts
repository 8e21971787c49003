import { describe, expect, it } from 'vitest';
import { BearerTokens } from './bearer-tokens.js';

/** `printf abc | openssl sha256 -binary | base64` */
const ABC = { text: 'abc', hash: 'ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=' };

describe('BearerTokens', () => {
  it.each(['Bearer abc', 'bearer abc', 'BEARER   abc '])('reads %j', (field) => {
    expect(new BearerTokens().read(field)).toEqual(ABC);
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Bearer a b', 'Basic abc', 'Bearerabc'])(
    'finds none in %j',
    (field) => {
      expect(new BearerTokens().read(field, {})).toBeUndefined();
    },
  );

  it('tells tokens apart, whatever came by their connection before', () => {
    const tokens = new BearerTokens();
    const [one, other] = [{}, {}];
    const first = tokens.read('Bearer abc', one);
    expect(first).toEqual(ABC);
    expect(tokens.read('Bearer abc', one)).toBe(first);
    expect(tokens.read('Bearer abcd', one)).toMatchObject({ text: 'abcd' });
    expect(tokens.read('Basic abc', one)).toBeUndefined();
    expect(tokens.read('Bearer abc', one)).toEqual(ABC);
    expect(tokens.read('Bearer abc', other)).toEqual(ABC);
  });
});
