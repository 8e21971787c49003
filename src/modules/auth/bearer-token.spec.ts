import { describe, expect, it } from 'vitest';
import { bearerToken, readToken, repeatsAKey } from './bearer-token.js';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const text = (json: string) => Buffer.from(json).toString('base64url');
const token = (header: unknown, payload: unknown = {}) => `${encode(header)}.${encode(payload)}.c2ln`;

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
  ])('finds no token in %j', (field) => {
    expect(bearerToken(field)).toBeUndefined();
  });

  it('keeps whitespace other than spaces, which the verifier refuses', () => {
    expect(bearerToken('Bearer abc\u00a0')).toBe('abc\u00a0');
    expect(bearerToken('Bearer a\tb')).toBe('a\tb');
  });
});

describe('readToken', () => {
  it('reads what selects the provider and the key', () => {
    expect(readToken(token({ alg: 'RS256', typ: 'JWT' }, { iss: 'https://idp' }))).toEqual({
      algorithm: 'RS256',
      keyId: undefined,
      type: 'jwt',
      issuer: 'https://idp',
      claims: { iss: 'https://idp' },
    });
    expect(readToken(token({ alg: 'RS256', kid: '../../x' }))?.keyId).toBe('../../x');
    expect(readToken(token({ alg: 'RS256' }, { iss: ['a'] }))?.issuer).toBeUndefined();
  });

  it.each(['crit', 'b64', 'zip'])('refuses a header with %s', (name) => {
    expect(readToken(token({ alg: 'HS256', [name]: 'x' }))).toBeUndefined();
  });

  it.each(['jwk', 'jku', 'x5u', 'x5c'])('ignores a key that the header names by %s', (name) => {
    const { claims: _, ...read } = readToken(token({ alg: 'HS256', [name]: 'x' }))!;
    expect(read).toEqual({ algorithm: 'HS256', keyId: undefined, type: undefined, issuer: undefined });
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
    ['a kid that is no text', token({ alg: 'HS256', kid: 1 })],
    ['a header in which a key is there twice', `${text('{"alg":"none","alg":"HS256"}')}.e30.c2ln`],
    [
      'a claim that is there twice',
      `${encode({ alg: 'HS256' })}.${text('{"sub":"a","\\u0073ub":"b"}')}.c2ln`,
    ],
    ['a signature with bits that mean nothing', `${encode({ alg: 'HS256' })}.e30.YR`],
    ['more than 16 KiB', token({ alg: 'HS256' }, { large: 'x'.repeat(16_384) })],
    ['a nested token', `${encode({ alg: 'HS256', cty: 'JWT' })}.${text(token({ alg: 'HS256' }))}.c2ln`],
    ['a last character with bits that mean nothing', `${encode({ alg: 'HS256' })}.e31.c2ln`],
    ['a line break', `${token({ alg: 'HS256' })}\n`],
    ['a payload that is null', token({ alg: 'HS256' }, null)],
    [
      'a payload that is no UTF-8',
      `${encode({ alg: 'HS256' })}.${Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64url')}.c2ln`,
    ],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(readToken(text)).toBeUndefined();
  });
});

describe('repeatsAKey', () => {
  it.each([
    '{"a":1,"a":2}',
    '{"a":{"a":1},"b":[],"a":2}',
    String.raw`{"a":1,"\u0061":2}`,
    '{ "a" : 1 , "a" : 2 }',
  ])('finds a repeated key in %s', (json) => {
    expect(repeatsAKey(json)).toBe(true);
  });

  it.each([
    '{}',
    '{"a":"a","b":"a"}',
    '{"a":{"a":1},"b":{"a":2}}',
    '{"list":["a","a"],"a":1}',
    String.raw`{"a":"\",\"a\":","b":"\\"}`,
    '{"a":"{","b":"}"}',
  ])('finds no repeated key in %s', (json) => {
    expect(repeatsAKey(json)).toBe(false);
  });

  it('reads deeply nested JSON', () => {
    const depth = 100_000;
    expect(repeatsAKey(`{"a":${'['.repeat(depth)}${']'.repeat(depth)},"a":1}`)).toBe(true);
  });
});
