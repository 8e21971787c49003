import { expect, it } from 'vitest';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import { documentHeaders } from './document-headers.js';

const NOW = Date.UTC(2026, 0, 1);
const TTL = { ttl: 30_000, per: 'public' } as RouteCacheConfig;

function control(...fields: (string | undefined)[]): unknown {
  const parts = fields.map((field) => ({ 'cache-control': field }));
  return documentHeaders(parts, TTL, NOW)['cache-control'];
}

it.each([
  [[undefined, undefined], undefined],
  [['max-age=60', 'max-age=20'], 'max-age=20'],
  // The `ttl` of the route is the lifetime of the other part.
  [['max-age=60', undefined], 'max-age=30'],
  [['max-age=10', undefined], 'max-age=10'],
  [['s-maxage=5, max-age=60'], 'max-age=5'],
  [['private', undefined], 'private'],
  [['private, max-age=5', 'max-age=60'], 'private, max-age=5'],
  [['max-age=60', 'no-store'], 'no-store'],
  [['no-cache', undefined], 'no-store'],
])('parts with Cache-Control %j make a document with %j', (fields, expected) => {
  expect(control(...fields)).toBe(expected);
});

it('takes the age and the expiry of parts into account', () => {
  const expires = new Date(NOW + 20_000).toUTCString();
  const aged = { 'cache-control': 'max-age=60', age: '50' };
  expect(documentHeaders([{ expires }], TTL, NOW)['cache-control']).toBe('max-age=20');
  expect(documentHeaders([{ expires }, aged], TTL, NOW)['cache-control']).toBe('max-age=10');
});

it('keeps a document with the cookie of one client out of caches', () => {
  const parts = [{ 'set-cookie': ['a=b'], 'cache-control': 'max-age=60' }];
  expect(documentHeaders(parts, TTL, NOW)).toMatchObject({ 'cache-control': 'no-store' });
  expect(documentHeaders(parts, TTL, NOW)).not.toHaveProperty('set-cookie');
});

it('varies by what any part varies by', () => {
  const parts = [{ vary: 'Accept-Language' }, {}, { vary: 'X-Tenant' }, { vary: 'X-Tenant' }];
  expect(documentHeaders(parts, undefined, NOW)['vary']).toBe('Accept-Language, X-Tenant');
});
