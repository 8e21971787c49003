import { describe, expect, it } from 'vitest';
import { readTokenHeader } from './token-header.js';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (header: unknown, payload: unknown = {}) => `${encode(header)}.${encode(payload)}.c2ln`;

describe('readTokenHeader', () => {
  it('finds what picks the verifier', () => {
    expect(readTokenHeader(token({ alg: 'RS256', typ: 'JWT' }, { iss: 'https://idp' }))).toEqual({
      algorithm: 'RS256',
      issuer: 'https://idp',
    });
    expect(readTokenHeader(token({ alg: 'RS256' }, { iss: ['a'] }))?.issuer).toBeUndefined();
  });

  it.each(['crit', 'jwk', 'jku', 'x5u', 'x5c', 'b64'])('refuses a header with %s', (name) => {
    expect(readTokenHeader(token({ alg: 'HS256', [name]: 'x' }))).toBeUndefined();
  });

  it.each([
    ['two segments', 'e30.e30'],
    ['five segments, a JWE', 'e30.e30.e30.e30.e30'],
    ['an empty signature', `${encode({ alg: 'none' })}.e30.`],
    ['padding', `${encode({ alg: 'HS256' })}.e30=.c2ln`],
    ['base64 of the other alphabet', `${encode({ alg: 'HS256' })}.e30.a+/b`],
    ['a header that is no JSON', 'bm9uZQ.e30.c2ln'],
    ['a header that is a list', token([])],
    ['a payload that is a string', token({ alg: 'HS256' }, 'x')],
    ['an algorithm that is a list', token({ alg: ['HS256'] })],
    ['no algorithm', token({})],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(readTokenHeader(text)).toBeUndefined();
  });
});
