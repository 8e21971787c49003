import { describe, expect, it } from 'vitest';
import { bearer } from '../support/tokens.js';
import { until } from '../support/until.js';
import { cached as cachedAlone, cachedOnce, FRESH, type Given, STALE } from './cached.js';

const IF_ERROR = { cache: '{ staleIfError: 1h }' };
const SHADOW = { upstream: 'breaker: { mode: shadow }' };
const cached = cachedOnce(SHADOW);
const cachedIfError = cachedOnce({ ...IF_ERROR, ...SHADOW });
const cachedWhileRevalidate = cachedOnce({ cache: '{ staleWhileRevalidate: 1h }', ...SHADOW });

describe('RFC 5861 section 4: stale-if-error', () => {
  it.each<[string, Given, string]>([
    ['a reset', 'reset', 'Breakwater; fwd=stale; detail=stale-if-error'],
    ...[500, 502, 503, 504].map((status): [string, Given, string] => [
      String(status),
      { status, body: 'x'.repeat(100_000) },
      `Breakwater; fwd=stale; fwd-status=${status}; detail=stale-if-error`,
    ]),
  ])('uses the stored response instead of %s', async (_, failure, cacheStatus) => {
    const { get } = cachedIfError((n) => (n === 1 ? { headers: { ...STALE } } : failure));
    await get();
    const answer = await get();
    expect(answer).toMatchObject({ status: 200, body: '1', cacheStatus });
    expect(answer.headers).toMatchObject({ age: '100', 'breakwater-fallback': 'stale' });
    expect(answer.headers['warning']).toBeUndefined();
  });

  it('uses the stored response after a timeout', async () => {
    const { get } = await cachedAlone(
      (n) => (n === 1 ? { headers: { ...STALE } } : new Promise<Given>(() => undefined)),
      { ...IF_ERROR, upstream: 'timeout: 200ms, connectTimeout: 100ms' },
    );
    await get();
    expect(await get()).toMatchObject({ status: 200, body: '1' });
  });

  it('gives users their own stored responses while the breaker is open', async () => {
    let isDown = false;
    const { get, seen } = await cachedAlone(
      (_n, req) => (isDown ? 'reset' : { headers: { ...STALE }, body: String(req.headers['x-user-id']) }),
      { ...IF_ERROR, upstream: 'breaker: { consecutiveFailures: 2, openFor: 60s }' },
    );
    const as = (sub: string) => get('/mine/1', bearer({ sub }));
    for (const sub of ['alice', 'bob']) expect((await as(sub)).body).toBe(sub);
    isDown = true;
    await as('alice');
    await as('bob');
    const calls = seen.length;
    for (const sub of ['alice', 'bob', 'alice', 'bob']) {
      expect(await as(sub)).toMatchObject({
        status: 200,
        body: sub,
        headers: { 'breakwater-fallback': 'stale' },
      });
    }
    expect(seen).toHaveLength(calls);
    expect(await as('carol')).toMatchObject({ status: 503 });
  });

  it('applies to conditions, ranges and HEAD', async () => {
    const { get } = cachedIfError((n) =>
      n === 1 ? { headers: { ...STALE, etag: '"1"' }, body: 'hello' } : 'reset',
    );
    await get();
    expect(await get('/1', { 'if-none-match': '"1"' })).toMatchObject({ status: 304 });
    expect(await get('/1', { range: 'bytes=0-1' })).toMatchObject({ status: 206, body: 'he' });
    expect(await get('/1', {}, 'HEAD')).toMatchObject({ status: 200 });
  });

  it.each([
    ['must-revalidate', 'max-age=60, must-revalidate', {}],
    ['s-maxage', 's-maxage=60', {}],
    ['no-cache', 'no-cache', {}],
    ['a window of its own that is over', 'max-age=60, stale-if-error=10', {}],
    ['a client that says no-cache', 'max-age=60', { 'cache-control': 'no-cache' }],
  ])('does not override %s', async (_, control, headers) => {
    const { get } = cachedIfError((n) =>
      n === 1 ? { headers: { 'cache-control': control, age: '100', etag: '"1"' } } : 'reset',
    );
    await get();
    expect((await get('/1', headers)).status).toBe(502);
  });

  it('applies with the directive of the response alone', async () => {
    const { get } = cached((n) =>
      n === 1 ? { headers: { 'cache-control': 'max-age=60, stale-if-error=3600', age: '100' } } : 'reset',
    );
    await get();
    expect(await get()).toMatchObject({ status: 200, body: '1' });
  });

  it('does not replace a 4xx', async () => {
    const { get } = cachedIfError((n) => (n === 1 ? { headers: { ...STALE } } : { status: 404 }));
    await get();
    expect((await get()).status).toBe(404);
  });
});

describe('RFC 5861 section 3: stale-while-revalidate', () => {
  it.each([
    ['a new answer', (): Given => ({ headers: { ...FRESH } }), '2'],
    ['a 304', (): Given => ({ status: 304, headers: { ...FRESH } }), '1'],
  ])('answers at once and fetches %s once', async (_, refreshed, body) => {
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { get, seen } = cachedWhileRevalidate((n) =>
      n === 1 ? { headers: { ...STALE, etag: '"1"' } } : held.then(refreshed),
    );
    await get();
    for (const _ of [1, 2, 3]) {
      expect(await get()).toMatchObject({
        body: '1',
        cacheStatus: expect.stringMatching(/^Breakwater; hit; ttl=-\d+$/),
      });
    }
    await until('the refresh is under way', () => seen.length === 2);
    release?.();
    await until('it is stored', async () => /ttl=\d/.test((await get()).cacheStatus));
    expect(await get()).toMatchObject({ body });
    expect(seen).toHaveLength(2);
    expect(seen[1]?.headers['if-none-match']).toBe('"1"');
  });

  it('keeps answering when the revalidation fails, and tries again', async () => {
    const { get, seen } = cachedWhileRevalidate((n) => (n === 1 ? { headers: { ...STALE } } : 'reset'));
    await get();
    await until('it was tried twice', async () => (await get()).body === '1' && seen.length >= 3);
  });
});
