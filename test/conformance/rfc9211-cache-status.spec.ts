import { describe, expect, it } from 'vitest';
import { bearer } from '../support/tokens.js';
import { type Answer, oneGateway } from './one-gateway.js';

const gateway = oneGateway();
const lenient = oneGateway('{ ttl: 1ms, staleIfError: 1h, staleWhileRevalidate: 1h }');

const FRESH: Answer = { headers: { 'cache-control': 'max-age=60', etag: '"1"' } };
const STALE: Answer = { headers: { 'cache-control': 'max-age=60', etag: '"1"', age: '100' } };
const VARYING: Answer = { headers: { 'cache-control': 'max-age=60', vary: 'x-a' } };

describe('RFC 9211 section 2: the list', () => {
  it('appends this cache to those before it', async () => {
    const { get } = gateway.resource([
      { headers: { 'cache-control': 'max-age=60', 'cache-status': 'Origin; hit; ttl=5, "A B"; fwd=miss' } },
    ]);
    const before = 'Origin; hit; ttl=5, "A B"; fwd=miss';
    expect((await get()).cacheStatus).toBe(`${before}, Breakwater; fwd=uri-miss`);
    expect((await get()).cacheStatus).toMatch(new RegExp(`^${before}, Breakwater; hit; ttl=\\d+$`));
  });

  it.each<[string, Answer, Record<string, string>, number]>([
    ['only-if-cached', {}, { 'cache-control': 'only-if-cached' }, 504],
    ['a reset', 'reset', {}, 502],
  ])('has no entry for a response that the gateway generated: %s', async (_, first, headers, status) => {
    const { get } = gateway.resource([first]);
    const answer = await get(headers);
    expect([answer.status, answer.headers['cache-status']]).toEqual([status, undefined]);
  });

  it('is not sent for a route without a cache', async () => {
    const { get } = gateway.resource([], '/uncached');
    expect((await get()).headers['cache-status']).toBeUndefined();
  });
});

describe('RFC 9211 sections 2.1 and 2.4: hit and ttl', () => {
  it('give the remaining lifetime', async () => {
    const { get } = gateway.resource([{ headers: { 'cache-control': 'max-age=60', age: '20' } }]);
    await get();
    expect((await get()).cacheStatus).toMatch(/^Breakwater; hit; ttl=(40|39)$/);
  });

  it('give the time since the end of the lifetime', async () => {
    const { get } = gateway.resource([STALE]);
    await get();
    expect((await get({ 'cache-control': 'max-stale' })).cacheStatus).toMatch(
      /^Breakwater; hit; ttl=-4[01]$/,
    );
  });

  it('are sent for HEAD, conditions and ranges', async () => {
    const { get } = gateway.resource([FRESH]);
    await get();
    const answers = [
      await get({}, 'HEAD'),
      await get({ 'if-none-match': '"1"' }),
      await get({ range: 'bytes=0-0' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 304, 206]);
    for (const { cacheStatus } of answers) expect(cacheStatus).toMatch(/^Breakwater; hit; ttl=\d+$/);
  });

  it('describe a stale response during revalidation', async () => {
    const { get } = lenient.resource([STALE, STALE, STALE]);
    await get();
    expect((await get()).cacheStatus).toMatch(/^Breakwater; hit; ttl=-4[01]$/);
  });
});

describe('RFC 9211 section 2.2: fwd', () => {
  it.each<[string, Answer, Record<string, string>, string]>([
    ['stale', STALE, {}, 'GET'],
    ['stale', STALE, { 'cache-control': 'no-cache' }, 'GET'],
    ['stale', { headers: { 'cache-control': 'no-cache', etag: '"1"' } }, {}, 'GET'],
    ['request', FRESH, { 'cache-control': 'no-cache' }, 'GET'],
    ['request', FRESH, { 'cache-control': 'max-age=0' }, 'GET'],
    ['request', FRESH, { 'cache-control': 'min-fresh=100' }, 'GET'],
    ['request', FRESH, { pragma: 'no-cache' }, 'GET'],
    ['request', FRESH, { 'cache-control': 'no-cache' }, 'HEAD'],
    ['vary-miss', VARYING, { 'x-a': '2' }, 'GET'],
    ['bypass', FRESH, { 'cache-control': 'no-store' }, 'GET'],
    ['bypass', FRESH, { 'if-match': '"1"' }, 'GET'],
    ['method', FRESH, {}, 'POST'],
    ['method', FRESH, {}, 'OPTIONS'],
    ['uri-miss', { headers: { 'cache-control': 'no-store' } }, { 'cache-control': 'no-cache' }, 'GET'],
  ])('is %s after %j for %j', async (reason, first, headers, method) => {
    const { get } = gateway.resource([first]);
    await get({ 'x-a': '1' });
    expect((await get(headers, method)).cacheStatus).toBe(`Breakwater; fwd=${reason}`);
  });

  it('is uri-miss for another user', async () => {
    const { get } = gateway.resource([FRESH], '/mine');
    await get(bearer({ sub: 'alice' }));
    expect((await get(bearer({ sub: 'bob' }))).cacheStatus).toBe('Breakwater; fwd=uri-miss');
  });
});

describe('RFC 9211 section 2.3: fwd-status', () => {
  it('tells that the upstream validated the stored response', async () => {
    const { get } = gateway.resource([STALE, { status: 304 }]);
    await get();
    expect(await get()).toMatchObject({ status: 200, cacheStatus: 'Breakwater; fwd=stale; fwd-status=304' });
  });

  it('tells which error a stale response replaced, with a detail (section 2.8)', async () => {
    const { get } = lenient.resource([
      { headers: { 'cache-control': 'max-age=60, stale-while-revalidate=0', age: '100' } },
      { status: 503 },
      'reset',
    ]);
    await get();
    expect((await get()).cacheStatus).toBe('Breakwater; fwd=stale; fwd-status=503; detail=stale-if-error');
    expect((await get()).cacheStatus).toBe('Breakwater; fwd=stale; detail=stale-if-error');
  });
});

describe('RFC 9211 section 2.6: collapsed', () => {
  it('tells that one call answered several requests', async () => {
    const { get, seen } = gateway.resource([FRESH]);
    const answers = await Promise.all([get(), get(), get()]);
    const statuses = answers.map(({ cacheStatus }) => cacheStatus).toSorted();
    expect(seen).toHaveLength(1);
    expect(statuses[0]).toBe('Breakwater; fwd=uri-miss');
    for (const status of statuses.slice(1))
      expect(status).toMatch(/^Breakwater; (fwd=uri-miss; collapsed|hit; ttl=\d+)$/);
  });
});
