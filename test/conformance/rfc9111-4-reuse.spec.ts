import { describe, expect, it } from 'vitest';
import { bearer } from '../support/tokens.js';
import { until } from '../support/until.js';
import { cached as cachedAlone, cachedOnce, FRESH } from './cached.js';

const cached = cachedOnce({ upstream: 'breaker: { mode: shadow }' });

describe('RFC 9111 section 4: selection among several responses', () => {
  it.each([
    ['the most recent one, whichever came last', 10, '2'],
    ['the last one when both are as recent', 0, '1'],
  ])('uses %s', async (_, older, body) => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const now = Date.now();
    const { get, seen } = cached(async (n) => {
      if (n === 1) await held;
      const date = new Date(now - (n === 1 ? older * 1000 : 0)).toUTCString();
      return { headers: { 'cache-control': 'max-age=60', date } };
    });
    const first = get();
    await until('it is under way', () => seen.length === 1);
    expect((await get('/1', { 'cache-control': 'no-cache' })).body).toBe('2');
    release();
    expect((await first).body).toBe('1');
    expect((await get()).body).toBe(body);
    expect(seen).toHaveLength(2);
  });
});

describe('RFC 9111 section 4.1: Vary', () => {
  const varying = (vary: string) => cached(() => ({ headers: { ...FRESH, vary } }));

  it('stores several variants', async () => {
    const { get } = varying('Accept-Language');
    const ask = async (language?: string) =>
      (await get('/1', language === undefined ? {} : { 'accept-language': language })).body;
    expect([await ask('en'), await ask('de'), await ask()]).toEqual(['1', '2', '3']);
    expect([await ask('en'), await ask('de'), await ask()]).toEqual(['1', '2', '3']);
    expect(await ask('EN')).toBe('1');
  });

  it('prevents reuse with *', async () => {
    const { get } = varying('Accept, *');
    expect([(await get()).body, (await get()).body]).toEqual(['1', '2']);
  });

  it('applies when only a later response has it', async () => {
    const { get } = cached((n) => ({
      headers: {
        ...FRESH,
        ...(n === 1 ? { 'cache-control': 'max-age=60', age: '100', etag: '"1"' } : { vary: 'x-a' }),
      },
    }));
    const ask = async (value: string) => (await get('/1', { 'x-a': value })).body;
    expect([await ask('1'), await ask('1'), await ask('2'), await ask('1')]).toEqual(['1', '2', '3', '2']);
  });

  it('is bounded for each URL', async () => {
    const { get, seen } = varying('x-a');
    for (let i = 0; i < 50; i++) await get('/1', { 'x-a': String(i) });
    expect((await get('/1', { 'x-a': '49' })).body).toBe('50');
    await get('/1', { 'x-a': '0' });
    expect(seen).toHaveLength(51);
  });

  it('never distinguishes users by forged identity headers', async () => {
    const { get } = await cachedAlone(
      (_n, req) => ({
        headers: { 'cache-control': 'public, max-age=60', vary: 'X-User-Id' },
        body: String(req.headers['x-user-id']),
      }),
      { cache: '{ per: public }' },
    );
    for (const sub of ['alice', 'bob', 'alice']) {
      expect((await get('/mine/1', { ...bearer({ sub }), 'x-user-id': 'mallory' })).body).toBe(sub);
    }
  });
});

describe('RFC 9111 section 4.4: invalidation', () => {
  it.each(['POST', 'PUT', 'DELETE'])('%s to the same URL, on another route', async (method) => {
    const { get } = cached(() => ({ headers: { ...FRESH } }));
    expect((await get()).body).toBe('1');
    await get('/1', {}, method);
    expect((await get()).body).toBe('3');
  });

  it.each([400, 500])('does not follow a failure with %i', async (status) => {
    const { get } = cached((n) => (n === 2 ? { status } : { headers: { ...FRESH } }));
    await get();
    await get('/1', {}, 'POST');
    expect((await get()).body).toBe('1');
  });

  it.each(['location', 'content-location'])('covers the URL in %s on the same origin', async (field) => {
    const { get } = await cachedAlone((n) => ({
      headers: { ...FRESH, ...(n === 2 ? { [field]: '/1' } : {}) },
    }));
    await get();
    await get('/orders', {}, 'POST');
    expect((await get()).body).toBe('3');
  });

  it('does not cover another origin', async () => {
    const { get } = cached((n) => ({
      headers: { ...FRESH, ...(n === 2 ? { location: 'http://elsewhere.test/1' } : {}) },
    }));
    await get();
    await get('/orders', {}, 'POST');
    expect((await get()).body).toBe('1');
  });

  it('covers a response in flight', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { get, seen } = cached(async (n) => {
      if (n === 1) await held;
      return { headers: { ...FRESH } };
    });
    const old = get();
    await until('it is under way', () => seen.length === 1);
    await get('/1', {}, 'POST');
    release();
    expect((await old).body).toBe('1');
    expect((await get()).body).toBe('3');
  });

  it('covers the copies of all users and all variants', async () => {
    const { get } = cached(() => ({ headers: { ...FRESH, vary: 'x-a' } }));
    const ask = async (sub: string, value: string) =>
      (await get('/mine/1', { ...bearer({ sub }), 'x-a': value })).body;
    expect([await ask('alice', '1'), await ask('bob', '1'), await ask('bob', '2')]).toEqual(['1', '2', '3']);
    await get('/mine/1', bearer({ sub: 'alice' }), 'PATCH');
    expect([await ask('alice', '1'), await ask('bob', '1'), await ask('bob', '2')]).toEqual(['5', '6', '7']);
  });
});

describe('RFC 9110 section 9.3.2: HEAD', () => {
  it('is answered from a stored GET', async () => {
    const { get, seen } = cached(() => ({ headers: { ...FRESH, 'x-a': '1' }, body: 'hello' }));
    await get();
    const head = await get('/1', {}, 'HEAD');
    expect(head).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '5', 'x-a': '1', age: '0' },
    });
    expect(seen).toHaveLength(1);
  });

  it('fetches the whole response when none is stored', async () => {
    const { get, seen } = cached(() => ({ headers: { ...FRESH } }));
    await get('/1', {}, 'HEAD');
    expect((await get()).body).toBe('1');
    expect(seen).toHaveLength(1);
  });
});

describe('RFC 9110 section 14: ranges of a stored response', () => {
  const start = async () => {
    const whole = cached(() => ({ headers: { ...FRESH, etag: '"1"' }, body: 'hello' }));
    await whole.get();
    return whole;
  };

  it.each([
    ['bytes=0-1', 206, 'he', 'bytes 0-1/5'],
    ['bytes=3-', 206, 'lo', 'bytes 3-4/5'],
    ['bytes=-2', 206, 'lo', 'bytes 3-4/5'],
    ['bytes=9-', 416, '', 'bytes */5'],
    ['bytes=0-1,3-4', 200, 'hello', undefined],
    ['lines=1-2', 200, 'hello', undefined],
  ])('answers %s with %i', async (range, status, body, contentRange) => {
    const { get, seen } = await start();
    const answer = await get('/1', { range });
    expect(answer).toMatchObject({ status, body });
    expect(answer.headers['content-range']).toBe(contentRange);
    expect(answer.headers['content-length']).toBe(String(body.length));
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['"1"', 206],
    ['"0"', 200],
    ['W/"1"', 200],
  ])('answers If-Range %s with %i', async (ifRange, status) => {
    const { get } = await start();
    expect((await get('/1', { range: 'bytes=0-1', 'if-range': ifRange })).status).toBe(status);
  });

  it('a partial response of the upstream is not stored', async () => {
    const { get, seen } = cached((_n, req) =>
      req.headers.range === undefined
        ? { headers: { ...FRESH }, body: 'hello' }
        : { status: 206, headers: { ...FRESH, 'content-range': 'bytes 0-1/5' }, body: 'he' },
    );
    const range = { range: 'bytes=0-1', 'cache-control': 'no-cache' };
    expect((await get('/1', range)).status).toBe(206);
    expect(await get()).toMatchObject({ status: 200, body: 'hello' });
    expect(seen).toHaveLength(2);
  });
});
