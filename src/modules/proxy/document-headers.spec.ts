import { expect, it } from 'vitest';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import { documentHeaders } from './document-headers.js';

const NOW = Date.UTC(2026, 0, 1);
const TTL = { ttl: 30_000, per: 'public', staleIfError: 60_000, staleWhileRevalidate: 0 } as RouteCacheConfig;

const ANONYMOUS = { policy: TTL, hasCredentials: false, wall: NOW };
const KNOWN = { ...ANONYMOUS, hasCredentials: true };

function control(fields: readonly (string | undefined)[], context = ANONYMOUS): unknown {
  const parts = fields.map((field) => ({ 'cache-control': field }));
  return documentHeaders(parts, context)['cache-control'];
}

it.each([
  [[undefined, undefined], undefined],
  [['max-age=60', 'max-age=20'], 'max-age=20'],
  // The `ttl` of the route is the lifetime of the other part.
  [['max-age=60', undefined], 'max-age=30'],
  [['max-age=10', undefined], 'max-age=10'],
  [['s-maxage=5, max-age=60'], 'max-age=60, s-maxage=5'],
  [['s-maxage=3600, max-age=0'], 'max-age=0, s-maxage=3600'],
  [['s-maxage=60', 's-maxage=20'], 's-maxage=20'],
  [['s-maxage=60, max-age=0', 'public, max-age=20'], 'max-age=0, s-maxage=20'],
  [['public, max-age=60', 'public, max-age=20'], 'public, max-age=20'],
  [['public, max-age=60', 'max-age=20'], 'max-age=20'],
  [['public, must-revalidate', 'public, proxy-revalidate'], 'public, must-revalidate'],
  [['max-age=60, proxy-revalidate', undefined], 'max-age=30, proxy-revalidate'],
  [['private, max-age=60, must-revalidate', undefined], 'private, max-age=30, must-revalidate'],
  [['private', 's-maxage=5'], 'private, max-age=5'],
  [['public', 'private'], 'private'],
  // Parts that state no window have that of the route.
  [['stale-if-error=5', 'stale-if-error=9'], 'stale-if-error=5'],
  [['stale-if-error=500', undefined], 'stale-if-error=60'],
  [['stale-while-revalidate=5', undefined], 'stale-while-revalidate=0'],
  [['private', undefined], 'private'],
  [['private, max-age=5', 'max-age=60'], 'private, max-age=5'],
  [['max-age=60', 'no-store'], 'no-store'],
  [['no-cache', undefined], 'no-store'],
])('parts with Cache-Control %j make a document with %j', (fields, expected) => {
  expect(control(fields)).toBe(expected);
});

// `s-maxage` and `must-revalidate` let caches share an answer among users (RFC 9111 section 3.5).
it.each([
  [['max-age=60, must-revalidate', 'max-age=60'], 'max-age=60, proxy-revalidate'],
  [['max-age=60, s-maxage=5', 'max-age=60'], 'max-age=5, proxy-revalidate'],
  [['max-age=0, s-maxage=60', undefined], 'max-age=0, proxy-revalidate'],
])(
  'parts %j, of which one lets caches share it, make a document without permission: %j',
  (fields, expected) => {
    expect(control(fields)).toBe(expected);
  },
);

it.each([
  [['max-age=60, must-revalidate', 'max-age=60'], 'private, max-age=60, must-revalidate'],
  [['max-age=60, s-maxage=5', 'max-age=60'], 'private, max-age=60'],
  [['public, max-age=60', 'max-age=60'], 'private, max-age=60'],
  [['public, max-age=60', 'must-revalidate, max-age=60'], 'max-age=60, must-revalidate'],
  [['public, max-age=60', 's-maxage=60'], 'max-age=60, s-maxage=60'],
])('parts with Cache-Control %j for one user make a document with %j', (fields, expected) => {
  expect(control(fields, KNOWN)).toBe(expected);
});

it('keeps what is for content delivery networks apart from what is for browsers', () => {
  const targeted = { 'cache-control': 'no-store', 'cdn-cache-control': 'max-age=60' };
  const other = { 'cache-control': 'max-age=20' };
  expect(documentHeaders([targeted, other], ANONYMOUS)).toMatchObject({
    'cache-control': 'no-store',
    'cdn-cache-control': 'max-age=20',
  });
  expect(documentHeaders([other], ANONYMOUS)['cdn-cache-control']).toBeUndefined();
});

it('takes the age and the expiry of parts into account', () => {
  const expires = new Date(NOW + 20_000).toUTCString();
  const aged = { 'cache-control': 'max-age=60', age: '50' };
  expect(documentHeaders([{ expires }], ANONYMOUS)['cache-control']).toBe('max-age=20');
  expect(documentHeaders([{ expires }, aged], ANONYMOUS)['cache-control']).toBe('max-age=10');
});

it('keeps a document with the cookie of one client out of caches', () => {
  const parts = [{ 'set-cookie': ['a=b'], 'cache-control': 'max-age=60' }];
  expect(documentHeaders(parts, ANONYMOUS)).toMatchObject({ 'cache-control': 'no-store' });
  expect(documentHeaders(parts, ANONYMOUS)).not.toHaveProperty('set-cookie');
});

it('varies by what any part varies by', () => {
  const parts = [{ vary: 'Accept-Language' }, {}, { vary: 'X-Tenant' }, { vary: 'X-Tenant' }];
  expect(documentHeaders(parts, { ...ANONYMOUS, policy: undefined })['vary']).toBe(
    'Accept-Language, X-Tenant',
  );
});
