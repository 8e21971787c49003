import { describe, expect, it } from 'vitest';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import { responseDirectives } from './directives.js';
import { storePolicy, type StorableContext, storedHeaders } from './storable.js';

const NOW = Date.UTC(2026, 10, 22, 12);
const POLICY = { ttl: 300_000, override: false, heuristic: false, staleIfError: 0, staleWhileRevalidate: 0 };
const ETAG = { etag: '"1"' };

function context(headers: HeaderRecord, rest: Partial<StorableContext> = {}): StorableContext {
  const directives = responseDirectives(headers);
  return {
    status: 200,
    headers,
    directives,
    isPrivate: false,
    receivedAt: NOW,
    policy: POLICY,
    authenticated: false,
    initialAge: 0,
    ...rest,
  };
}

const kept = (headers: HeaderRecord, rest?: Partial<StorableContext>) => storePolicy(context(headers, rest));
const control = (value: string): HeaderRecord => ({ 'cache-control': value });

describe('a response without a lifetime of its own', () => {
  it.each([200, 203, 204, 300, 301, 308])('gets the ttl with status %i', (status) => {
    expect(kept({}, { status })).toMatchObject({ lifetime: 300_000, keepFor: 300_000 });
  });

  it.each([201, 302, 307, 403, 404, 405, 410, 500, 503, 599])('is not stored with status %i', (status) => {
    expect(kept({}, { status })).toBeUndefined();
  });

  it('gets it when it is public (section 4.2.2)', () => {
    expect(kept(control('public'), { status: 404 })).toMatchObject({ lifetime: 300_000 });
  });

  it('gets it when its status is one of the route', () => {
    const policy = { ...POLICY, statuses: [404] };
    expect(kept({}, { status: 404, policy })).toMatchObject({ lifetime: 300_000 });
    expect(kept(control('max-age=60'), { status: 200, policy })).toBeUndefined();
  });
});

describe('a configured lifetime', () => {
  it('starts when the response arrives, whatever its age is then', () => {
    expect(kept({}, { initialAge: 1_000_000 })).toMatchObject({ lifetime: 1_300_000, keepFor: 300_000 });
    const policy = { ...POLICY, override: true };
    expect(kept(control('max-age=60'), { initialAge: 70_000, policy })).toMatchObject({
      lifetime: 370_000,
      isByTtl: true,
    });
  });

  it('of 0s leaves it to the upstream', () => {
    const policy = { ...POLICY, ttl: 0 };
    expect(kept({}, { policy })).toBeUndefined();
    expect(kept(ETAG, { policy })).toBeUndefined();
    expect(kept({}, { policy: { ...policy, statuses: [200] } })).toBeUndefined();
    expect(kept(control('max-age=60'), { policy })).toMatchObject({ lifetime: 60_000 });
  });
});

describe('a heuristic lifetime (section 4.2.2)', () => {
  const policy = { ...POLICY, heuristic: true };
  const changed = (secondsAgo: number): HeaderRecord => ({
    'last-modified': new Date(NOW - secondsAgo * 1_000).toUTCString(),
  });

  it.each([
    ['a tenth of the time since the last change', changed(1_000), 100_000],
    ['a day at most', changed(100 * 86_400), 86_400_000],
    ['counted from Date', { ...changed(1_000), date: new Date(NOW - 500_000).toUTCString() }, 50_000],
    ['the ttl without a date of change', {}, 300_000],
    ['the ttl with an invalid one', { 'last-modified': 'yesterday' }, 300_000],
    ['the one that the upstream states', { ...changed(1_000), ...control('max-age=7') }, 7_000],
  ])('is %s', (_, headers, lifetime) => {
    expect(kept(headers, { policy })).toMatchObject({ lifetime });
  });

  it('is given to statuses that are cacheable by default, and to responses with public', () => {
    const late = { policy, status: 404 };
    expect(kept(changed(1_000), late)).toBeUndefined();
    expect(kept({ ...changed(1_000), ...control('public') }, late)).toMatchObject({ lifetime: 100_000 });
    expect(kept(changed(1_000), { policy: { ...policy, ttl: 0 } })).toMatchObject({ lifetime: 100_000 });
  });

  it('is not given unless it is configured', () => {
    expect(kept(changed(1_000))).toMatchObject({ lifetime: 300_000 });
  });
});

describe('a status', () => {
  it.each([201, 302, 404, 410, 418, 500, 599])(
    'of %i is stored when it says how long (section 3)',
    (status) => {
      expect(kept(control('max-age=60'), { status })).toMatchObject({ lifetime: 60_000 });
    },
  );

  it.each([100, 206, 304, 400, 408, 413, 414, 417, 431])('of %i is never stored', (status) => {
    expect(kept(control('max-age=60'), { status })).toBeUndefined();
  });

  it.each([
    200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 401, 402, 403, 404, 405, 406, 407, 409, 410,
    411, 412, 415, 421, 422, 424, 426, 451, 500, 501, 502, 503, 504, 505, 507,
  ])('of %i is understood (section 5.2.2.3)', (status) => {
    expect(kept(control('max-age=60, must-understand'), { status })).toMatchObject({ lifetime: 60_000 });
  });

  it('has to be understood when the response says so (section 5.2.2.3)', () => {
    expect(kept(control('must-understand, no-store, max-age=60'))).toMatchObject({ lifetime: 60_000 });
    expect(kept(control('must-understand, no-store, max-age=60'), { status: 599 })).toBeUndefined();
  });
});

describe('a response is not stored', () => {
  it.each([
    ['no-store (section 5.2.2.5)', control('no-store, max-age=60')],
    ['a cookie (section 7.3)', { 'set-cookie': 'a=1', 'cache-control': 'max-age=60' }],
    ['Vary: * (section 4.1)', { vary: 'accept, *' }],
    ['private (section 5.2.2.7)', control('private, max-age=60')],
    ['private for no field at all', control('private=" , ", max-age=60')],
    ['no-cache for no field at all', control('no-cache="", max-age=60')],
    ['max-age=0 and nothing to validate it by', control('max-age=0')],
    ['no-cache and nothing to validate it by', control('no-cache')],
    ['a lifetime that is none', control('max-age=soon')],
    ['an Expires that is no date (section 5.3)', { expires: '0' }],
  ])('with %s', (_, headers) => {
    expect(kept(headers)).toBeUndefined();
  });

  it('when it is over before it came, and those who wait for it may not use it either', () => {
    const old = { initialAge: 60_000 };
    expect(kept(control('max-age=60, must-revalidate'), old)).toBeUndefined();
    expect(kept(control('max-age=0'), old)).toBeUndefined();
    expect(kept(control('max-age=60'), old)).toMatchObject({ keepFor: 0 });
  });
});

describe('a response that can be validated', () => {
  it.each(['max-age=0', 'no-cache'])('is stored with %s', (value) => {
    expect(kept({ ...ETAG, ...control(value) })).toMatchObject({ keepFor: 3_600_000 });
  });

  it('is never used without that when it says no-cache (section 5.2.2.4)', () => {
    expect(kept({ ...ETAG, ...control('no-cache') })).toMatchObject({ noCache: true, mustRevalidate: true });
  });
});

describe('a shared answer to an authenticated request', () => {
  it.each(['', 'max-age=60', 'no-cache'])('is not stored with "%s" (section 3.5)', (value) => {
    expect(kept({ ...ETAG, ...control(value) }, { authenticated: true })).toBeUndefined();
  });

  it.each([
    ['public', 300_000],
    ['s-maxage=60', 60_000],
    ['must-revalidate, max-age=60', 60_000],
  ])('is stored with %s', (value, lifetime) => {
    expect(kept(control(value), { authenticated: true })).toMatchObject({ lifetime, keepFor: lifetime });
  });
});

describe('an answer for one user', () => {
  it('may be private', () => {
    expect(kept(control('private, max-age=60'), { isPrivate: true })).toMatchObject({ lifetime: 60_000 });
  });

  it('does not follow what is said to shared caches', () => {
    const headers = control('s-maxage=10, max-age=60, proxy-revalidate');
    expect(kept(headers, { isPrivate: true })).toMatchObject({ lifetime: 60_000, mustRevalidate: false });
    expect(kept(headers)).toMatchObject({ lifetime: 10_000, mustRevalidate: true });
  });
});

describe('stale windows (RFC 5861)', () => {
  const policy = { ...POLICY, staleIfError: 3_600_000, staleWhileRevalidate: 30_000 };

  it('are those of the route', () => {
    expect(kept({}, { policy })).toMatchObject({
      staleIfError: 3_600_000,
      staleWhileRevalidate: 30_000,
      keepFor: 3_900_000,
    });
  });

  it('are those of the response before those of the route', () => {
    const headers = control('max-age=60, stale-if-error=10, stale-while-revalidate=5');
    expect(kept(headers, { policy })).toMatchObject({ staleIfError: 10_000, staleWhileRevalidate: 5_000 });
  });

  it.each(['must-revalidate', 'no-cache', 's-maxage=60', 'proxy-revalidate'])(
    'are nothing with %s (RFC 9111 section 4.2.4)',
    (value) => {
      expect(kept({ ...ETAG, ...control(value) }, { policy })).toMatchObject({
        staleIfError: 0,
        staleWhileRevalidate: 0,
      });
    },
  );

  it('are nothing for an error', () => {
    expect(kept(control('max-age=60'), { policy, status: 500 })).toMatchObject({ staleIfError: 0 });
  });
});

describe('override', () => {
  const policy = { ...POLICY, override: true };

  it('puts the ttl before the lifetime of the response', () => {
    expect(kept(control('max-age=60'), { policy })).toMatchObject({ lifetime: 300_000 });
    expect(kept({ expires: '0' }, { policy })).toMatchObject({ lifetime: 300_000 });
  });

  it('puts the windows of the route before those of the response', () => {
    const windows = { ...policy, staleIfError: 3_600_000, staleWhileRevalidate: 30_000 };
    const headers = control('stale-if-error=10, stale-while-revalidate=5');
    expect(kept(headers, { policy: windows })).toMatchObject({
      staleIfError: 3_600_000,
      staleWhileRevalidate: 30_000,
    });
  });

  it('leaves a lifetime of its own to what none may be given', () => {
    expect(kept(control('max-age=60'), { policy, status: 404 })).toMatchObject({ lifetime: 60_000 });
  });

  it('stores nothing that must not be', () => {
    expect(kept(control('no-store'), { policy })).toBeUndefined();
    expect(kept(control('private'), { policy })).toBeUndefined();
  });
});

describe('stored fields', () => {
  const stored = (headers: HeaderRecord, isPrivate = false) => storedHeaders(context(headers, { isPrivate }));

  it('leave out what belongs to the connection, and Age (section 3.1)', () => {
    const headers = {
      connection: 'x-hop',
      'x-hop': '1',
      'transfer-encoding': 'chunked',
      age: '3',
      'x-kept': '1',
    };
    expect(Object.keys(stored(headers))).toEqual(['x-kept', 'date']);
  });

  it('leave out what no-cache and private name (sections 5.2.2.4 and 5.2.2.7)', () => {
    const headers = {
      'cache-control': 'max-age=60, no-cache="x-a", private="set-cookie, X-B"',
      'x-a': '1',
      'x-b': '1',
      'set-cookie': 'a=1',
    };
    expect(kept(headers)).toMatchObject({ lifetime: 60_000, noCache: false });
    expect(Object.keys(stored(headers))).toEqual(['cache-control', 'date']);
    expect(stored({ ...headers, 'set-cookie': undefined }, true)).toMatchObject({ 'x-b': '1' });
  });
});
