import { describe, expect, it } from 'vitest';
import { TokenHashes } from './token-hashes.js';

/** `printf abc | openssl sha256 -binary | base64` */
const OF_ABC = 'ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=';

describe('TokenHashes', () => {
  it('tells tokens apart, whatever came by their connection before', () => {
    const hashes = new TokenHashes();
    const [one, other] = [{}, {}];
    expect(hashes.of('abc', one)).toBe(OF_ABC);
    expect(hashes.of('abcd', one)).not.toBe(OF_ABC);
    expect(hashes.of('abc', one)).toBe(OF_ABC);
    expect(hashes.of('abc', other)).toBe(OF_ABC);
    expect(hashes.of('abc', undefined)).toBe(OF_ABC);
  });
});
