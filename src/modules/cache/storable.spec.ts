import { describe, expect, it } from 'vitest';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import { freshnessLifetime } from './storable.js';

const TTL = 300_000;

function perUser(headers: HeaderRecord, status = 200): number {
  return freshnessLifetime({ status, headers, ttl: TTL, isPrivate: true, authenticated: true });
}

function shared(headers: HeaderRecord, authenticated = false): number {
  return freshnessLifetime({ status: 200, headers, ttl: TTL, isPrivate: false, authenticated });
}

describe('freshnessLifetime', () => {
  it('is the ttl for a response that gives none of its own', () => {
    expect(perUser({})).toBe(TTL);
  });

  it.each([201, 204, 206, 301, 304, 404, 500])('is nothing for status %i', (status) => {
    expect(perUser({}, status)).toBe(0);
  });

  it.each([
    [{ 'set-cookie': 'a=1' }],
    [{ vary: 'accept' }],
    [{ 'cache-control': 'no-store' }],
    [{ 'cache-control': 'max-age=60, no-cache' }],
    [{ 'cache-control': 'max-age=0' }],
    [{ 'cache-control': 'max-age=nonsense' }],
    [{ expires: '0' }],
    [{ expires: 'Thu, 01 Jan 1970 00:00:00 GMT' }],
  ])('is nothing for %j', (headers) => {
    expect(perUser(headers as HeaderRecord)).toBe(0);
  });

  it("follows the response's own lifetime, less the age it came with", () => {
    expect(perUser({ 'cache-control': 'max-age=60' })).toBe(60_000);
    expect(perUser({ 'cache-control': 'max-age=60', age: '20' })).toBe(40_000);
    expect(perUser({ 'cache-control': 'max-age=60', age: '61' })).toBe(0);
    const date = 'Mon, 23 Nov 2026 10:00:00 GMT';
    expect(perUser({ date, expires: 'Mon, 23 Nov 2026 10:00:30 GMT' })).toBe(30_000);
  });

  it('keeps private answers per user, never shared', () => {
    expect(perUser({ 'cache-control': 'private, max-age=60' })).toBe(60_000);
    expect(shared({ 'cache-control': 'private, max-age=60' })).toBe(0);
  });

  it('prefers s-maxage where the entry is shared', () => {
    const headers = { 'cache-control': 's-maxage=10, max-age=60' };
    expect(shared(headers)).toBe(10_000);
    expect(perUser(headers)).toBe(60_000);
  });

  it('shares an answer to an authenticated request only when the upstream says so (RFC 9111 section 3.5)', () => {
    expect(shared({ 'cache-control': 'max-age=60' }, true)).toBe(0);
    expect(shared({ 'cache-control': 'public, max-age=60' }, true)).toBe(60_000);
    expect(shared({ 'cache-control': 's-maxage=60' }, true)).toBe(60_000);
  });
});
