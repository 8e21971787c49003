import { describe, expect, it } from 'vitest';
import { invalidated, isUnsafe, originName } from './invalidation.js';

const OF = { origin: 'a.test', target: '/orders?x' };

describe('invalidated (RFC 9111 section 4.4)', () => {
  it.each([200, 201, 204, 303])('is the target with status %i', (status) => {
    expect(invalidated(status, {}, OF)).toEqual([OF]);
  });

  it.each([101, 400, 404, 409, 500, 503])('is nothing with status %i', (status) => {
    expect(invalidated(status, { location: '/a' }, OF)).toEqual([]);
  });

  it.each([
    ['/orders/1', '/orders/1'],
    ['1', '/1'],
    ['?y', '/orders?y'],
    ['http://a.test/1', '/1'],
    ['https://A.test/1', '/1'],
    ['//a.test:80/%61', '/a'],
  ])('is what Location and Content-Location name: %s', (reference, target) => {
    const named = { origin: 'a.test', target };
    expect(invalidated(201, { location: reference }, OF)).toEqual([OF, named]);
    expect(invalidated(201, { 'content-location': reference }, OF)).toEqual([OF, named]);
  });

  it('is what they name of a host that nobody named', () => {
    const nameless = { origin: '', target: '/orders' };
    const named = { origin: '', target: '/1' };
    expect(invalidated(201, { location: '/1' }, nameless)).toEqual([nameless, named]);
    expect(invalidated(201, { location: 'http://a.test/1' }, nameless)).toEqual([nameless]);
  });

  it.each([
    'http://b.test/1',
    'http://a.test:8080/1',
    'ws://a.test/1',
    'mailto:a@a.test',
    'http://[',
    '/%2F',
  ])('is not what they name elsewhere: %s', (location) => {
    expect(invalidated(201, { location }, OF)).toEqual([OF]);
  });
});

describe('originName', () => {
  it.each([
    ['a.test', 'a.test'],
    ['A.test:80', 'a.test'],
    ['a.test:443', 'a.test'],
    ['a.test:8080', 'a.test:8080'],
  ])('of %s is %s', (authority, origin) => {
    expect(originName(authority, 'a.test')).toBe(origin);
  });
});

describe('isUnsafe', () => {
  it('is whatever is not known to be safe', () => {
    expect(['GET', 'HEAD', 'OPTIONS', 'TRACE'].filter(isUnsafe)).toEqual([]);
    expect(['POST', 'PUT', 'DELETE', 'PATCH', 'PURGE'].filter(isUnsafe)).toHaveLength(5);
  });
});
