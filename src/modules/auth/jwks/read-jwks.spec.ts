import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readJwks } from './read-jwks.js';

const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
const ed = generateKeyPairSync('ed25519').publicKey;
const read = (...keys: unknown[]) => readJwks({ keys }, ['RS256', 'PS256', 'ES256', 'EdDSA']);

describe('readJwks', () => {
  it('returns the usable keys, each with its algorithms', () => {
    const keys = read(
      jwk(rsa.publicKey, { kid: 'a' }),
      jwk(rsa.publicKey, { kid: 'b', alg: 'PS256', use: 'sig', key_ops: ['verify'] }),
      jwk(ec),
      jwk(ed),
    );
    expect(keys?.map(({ id, algorithms }) => [id, algorithms])).toEqual([
      ['a', ['RS256', 'PS256']],
      ['b', ['PS256']],
      [undefined, ['ES256']],
      [undefined, ['EdDSA']],
    ]);
  });

  it('keeps nothing private of a key', () => {
    expect(read(jwk(rsa.privateKey))?.[0]?.key.type).toBe('public');
  });

  it.each([
    ['one to encrypt with', jwk(ec, { use: 'enc' })],
    ['one for other operations', jwk(ec, { key_ops: ['encrypt'] })],
    ['one for another algorithm', jwk(rsa.publicKey, { alg: 'RS512' })],
    ['one whose algorithm is of another kind', jwk(rsa.publicKey, { alg: 'ES256' })],
    ['one on another curve', jwk(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)],
    ['a short one', jwk(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }],
    ['one whose kty lies', jwk(ec, { kty: 'RSA' })],
    ['a point that is not on its curve', jwk(ec, { x: 'AAAA' })],
    ['an id that is no text', jwk(ec, { kid: 1 })],
    ['no object', 'key'],
    ['null', null],
  ])('ignores %s, and only that', (_, key) => {
    expect(read(key, jwk(ed))).toHaveLength(1);
  });

  it.each([[[]], ['keys'], [null], [{}], [{ keys: {} }]])('refuses %j as a key set', (document) => {
    expect(readJwks(document, ['RS256'])).toBeUndefined();
  });

  it('reads only the first hundred keys of a set', () => {
    expect(read(...Array.from({ length: 101 }, (_, i) => jwk(ec, { kid: `${i}` })))).toHaveLength(100);
  });

  it('gives only equal keys the same fingerprint', () => {
    const [first, again, renamed] = read(jwk(ec), jwk(ec), jwk(ec, { kid: 'x' })) ?? [];
    expect(again?.fingerprint).toBe(first?.fingerprint);
    expect(renamed?.fingerprint).not.toBe(first?.fingerprint);
  });
});
