import { describe, expect, it } from 'vitest';
import { rawUpstream, thenClose } from '../support/raw-upstream.js';
import { gateway } from '../support/gateway.js';
import { bearer } from '../support/tokens.js';
import { cachedOnce, FRESH, type Given, STALE } from './cached.js';

const cached = cachedOnce({ upstream: 'breaker: { mode: shadow }' });

/** @returns whether the second request got the stored response of the first one */
async function isStored(given: Given, path = '/1', headers = {}): Promise<boolean> {
  const { get, seen } = cached(() => given);
  await get(path, headers);
  await get(path, headers);
  return seen.length === 1;
}

const control = (value: string, rest = {}) => ({ headers: { 'cache-control': value, ...rest } });

describe('RFC 9111 section 3: statuses', () => {
  it.each([200, 203, 300, 301, 308, 404, 405, 410, 415, 501, 500, 299, 499])(
    '%i is stored with a lifetime of its own',
    async (status) => {
      expect(await isStored({ status, headers: { ...FRESH } })).toBe(true);
    },
  );

  it.each([206, 400, 413, 414])('%i is not stored', async (status) => {
    expect(await isStored({ status, headers: { ...FRESH } })).toBe(false);
  });

  it.each([
    [428, 3],
    [429, 4],
    [431, 5],
    [511, 6],
  ])('%i is not stored (RFC 6585 section %i)', async (status) => {
    expect(
      await isStored({ status, headers: { 'cache-control': 'public, max-age=60, must-understand' } }),
    ).toBe(false);
  });

  it('204 is stored without a body', async () => {
    expect(await isStored({ status: 204, headers: { ...FRESH }, body: '' })).toBe(true);
  });
});

describe('RFC 9111 section 3.3: incomplete responses', () => {
  it('a body that ends with the connection is not stored', async () => {
    const upstream = rawUpstream(thenClose('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n\r\nhalf'));
    const yaml = `
      upstreams: { users: { url: "\${USERS_URL}" } }
      routes: [{ id: all, match: { path: /** }, upstream: users, cache: {} }]`;
    const gw = await gateway(yaml).withUpstream('users', upstream.server).start();
    expect(await (await gw.fetch('/1')).text()).toBe('half');
    expect(await (await gw.fetch('/1')).text()).toBe('half');
    expect(upstream.connections).toBe(2);
  });
});

describe('RFC 9111 section 3.5: responses to authenticated requests', () => {
  it.each([
    ['max-age=60', false],
    ['public, max-age=60', true],
    ['s-maxage=60', true],
    ['must-revalidate, max-age=60', true],
  ])('are shared with %s: %s', async (value, stored) => {
    expect(await isStored(control(value), '/1', { authorization: 'Basic x' })).toBe(stored);
  });

  it('are stored for their user alone', async () => {
    expect(await isStored(control('max-age=60'), '/mine/1', bearer())).toBe(true);
  });
});

describe('RFC 9111 section 5.2.2: response directives', () => {
  it.each([
    ['5.2.2.1 max-age', 'max-age=60', true],
    ['5.2.2.2 must-revalidate', 'max-age=60, must-revalidate', true],
    ['5.2.2.3 must-understand', 'max-age=60, must-understand, no-store', true],
    ['5.2.2.4 no-cache', 'max-age=60, no-cache', false],
    ['5.2.2.4 no-cache with fields', 'max-age=60, no-cache="x-a"', true],
    ['5.2.2.5 no-store', 'max-age=60, no-store', false],
    ['5.2.2.7 private', 'max-age=60, private', false],
    ['5.2.2.7 private with fields', 'max-age=60, private="x-a"', true],
    ['5.2.2.8 proxy-revalidate', 'max-age=60, proxy-revalidate', true],
    ['5.2.2.9 public', 'public', true],
    ['5.2.2.10 s-maxage', 's-maxage=60, max-age=0', true],
    ['5.2.2.10 s-maxage=0', 's-maxage=0, max-age=60', false],
    ['RFC 8246 immutable', 'max-age=60, immutable', true],
    ['in any case', 'MAX-AGE=60', true],
    ['an unknown directive', 'max-age=60, x-unknown="no-store"', true],
  ])('decide whether a response is stored: %s', async (_, value, stored) => {
    expect(await isStored(control(value))).toBe(stored);
  });

  it('5.2.2.3 must-understand prevents storing an unknown status', async () => {
    expect(await isStored({ status: 299, ...control('max-age=60, must-understand') })).toBe(false);
  });

  it.each(['no-cache', 'private'])(
    '5.2.2 %s with field names does not store those fields',
    async (directive) => {
      const { get } = cached(() =>
        control(`max-age=60, ${directive}="set-cookie, X-A"`, {
          'x-a': '1',
          'set-cookie': 'a=1',
          'x-b': '1',
        }),
      );
      expect((await get()).headers).toMatchObject({ 'x-a': '1', 'set-cookie': ['a=1'] });
      const { headers, body } = await get();
      expect(body).toBe('1');
      expect([headers['x-a'], headers['set-cookie'], headers['x-b']]).toEqual([undefined, undefined, '1']);
    },
  );

  it('5.2.2.4 no-cache is validated each time', async () => {
    const { get, seen } = cached((n) => ({
      status: n === 1 ? 200 : 304,
      ...control('no-cache', { etag: '"1"' }),
    }));
    for (const _ of [1, 2, 3]) expect(await get()).toMatchObject({ status: 200, body: '1' });
    expect(seen).toHaveLength(3);
  });
});

describe('RFC 9111 section 4.2: freshness', () => {
  const date = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();

  it('4.2.1 Expires counts from Date', async () => {
    expect(await isStored({ headers: { expires: date(60) } })).toBe(true);
    expect(await isStored({ headers: { expires: date(-60) } })).toBe(false);
    expect(await isStored({ headers: { expires: '0' } })).toBe(false);
    expect(await isStored({ headers: { expires: date(60), 'cache-control': 'max-age=0' } })).toBe(false);
  });

  it('4.2.2 only heuristically cacheable statuses get the default lifetime', async () => {
    expect(await isStored({ status: 404 })).toBe(false);
    expect(await isStored({ status: 404, ...control('public') })).toBe(true);
  });

  it('4.2.3 Age is counted, and not what clocks differ by', async () => {
    expect(await isStored({ headers: { ...STALE } })).toBe(false);
    expect(await isStored({ headers: { ...FRESH, date: date(-100) } })).toBe(true);
    const { get } = cached(() => ({ headers: { ...FRESH, age: '30' } }));
    await get();
    expect((await get()).headers['age']).toBe('30');
  });
});

describe('RFC 9213: targeted fields', () => {
  it.each([
    ['comes before Cache-Control', { 'cdn-cache-control': 'max-age=60', 'cache-control': 'no-store' }, true],
    ['also when it says no', { 'cdn-cache-control': 'no-store', 'cache-control': 'max-age=60' }, false],
    ['and before Expires', { 'cdn-cache-control': 'max-age=60', expires: '0' }, true],
    ['not when it is empty', { 'cdn-cache-control': '', 'cache-control': 'no-store' }, false],
    ['not when it is malformed', { 'cdn-cache-control': 'max-age=60,,', 'cache-control': 'no-store' }, false],
  ])('2.1 %s', async (_, headers, stored) => {
    expect(await isStored({ headers })).toBe(stored);
  });
});
