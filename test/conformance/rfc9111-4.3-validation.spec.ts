import { describe, expect, it } from 'vitest';
import { cached, FRESH, STALE } from './cached.js';

const MODIFIED = 'Sun, 01 Nov 2026 12:00:00 GMT';
const ETAG = { etag: '"1"' };

describe('RFC 9111 section 4.3.1: a stale response is validated with its validators', () => {
  it.each([
    ['an entity tag', ETAG, { 'if-none-match': '"1"' }],
    ['a weak one', { etag: 'W/"1"' }, { 'if-none-match': 'W/"1"' }],
    ['a date', { 'last-modified': MODIFIED }, { 'if-modified-since': MODIFIED }],
    [
      'both',
      { ...ETAG, 'last-modified': MODIFIED },
      { 'if-none-match': '"1"', 'if-modified-since': MODIFIED },
    ],
  ])('which are %s', async (_, validators, conditions) => {
    const { get, seen } = await cached((n) =>
      n === 1 ? { headers: { ...STALE, ...validators } } : { status: 304, headers: { ...FRESH } },
    );
    expect(await get()).toMatchObject({ status: 200, body: '1' });
    expect(await get()).toMatchObject({
      status: 200,
      body: '1',
      cacheStatus: 'Breakwater; fwd=stale; fwd-status=304',
    });
    expect(seen[1]?.headers).toMatchObject(conditions);
    expect(await get()).toMatchObject({ body: '1', cacheStatus: expect.stringContaining('hit') });
    expect(seen).toHaveLength(2);
  });

  it('instead of the conditions of the client', async () => {
    const { get, seen } = await cached(() => ({ headers: { ...STALE, ...ETAG } }));
    await get();
    await get('/1', { 'if-none-match': '"0"', 'if-modified-since': MODIFIED });
    expect(seen[1]?.headers).toMatchObject({ 'if-none-match': '"1"' });
    expect(seen[1]?.headers['if-modified-since']).toBeUndefined();
  });
});

describe('RFC 9111 section 4.3.2: a condition is answered from the stored response', () => {
  it.each([
    [{ 'if-none-match': '"1"' }, 304],
    [{ 'if-none-match': 'W/"1"' }, 304],
    [{ 'if-none-match': '"0", "1"' }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"0"' }, 200],
    [{ 'if-modified-since': MODIFIED }, 304],
    [{ 'if-modified-since': 'Sun, 01 Nov 2026 11:59:59 GMT' }, 200],
    [{ 'if-none-match': '"0"', 'if-modified-since': MODIFIED }, 200],
  ])('%j gets %i', async (conditions, status) => {
    const { get, seen } = await cached(() => ({
      headers: { ...FRESH, ...ETAG, 'last-modified': MODIFIED, 'content-type': 'text/plain' },
    }));
    await get();
    const answer = await get('/1', conditions);
    expect(answer).toMatchObject({ status, body: status === 304 ? '' : '1' });
    expect(answer.headers).toMatchObject({
      etag: '"1"',
      age: expect.stringMatching(/^\d$/),
      'cache-control': 'max-age=60',
    });
    expect(seen).toHaveLength(1);
  });

  it('also when the upstream has just validated it', async () => {
    const { get } = await cached((n) =>
      n === 1 ? { headers: { ...STALE, ...ETAG } } : { status: 304, headers: { ...STALE, ...ETAG } },
    );
    await get();
    expect(await get('/1', { 'if-none-match': '"1"' })).toMatchObject({ status: 304, body: '' });
  });

  it('also when the response had to be fetched first', async () => {
    const { get, seen } = await cached(() => ({ headers: { ...FRESH, ...ETAG } }));
    expect(await get('/1', { 'if-none-match': 'W/"1"' })).toMatchObject({ status: 304, body: '' });
    expect(seen[0]?.headers['if-none-match']).toBeUndefined();
    expect(await get('/1', { 'if-none-match': '"2"' })).toMatchObject({ status: 200, body: '1' });
    expect(seen).toHaveLength(1);
  });

  it('and is forwarded when the response cannot be stored', async () => {
    const { get, seen } = await cached((_n, { headers }) =>
      headers['if-none-match'] === '"1"'
        ? { status: 304, headers: { ...ETAG } }
        : { headers: { ...ETAG, 'cache-control': 'no-store' } },
    );
    for (const _ of [1, 2]) {
      expect(await get('/1', { 'if-none-match': '"1"' })).toMatchObject({ status: 304, body: '' });
    }
    const conditions = seen.map(({ headers }) => headers['if-none-match']);
    expect(conditions).toEqual([undefined, '"1"', '"1"']);
  });
});

describe('RFC 9111 section 4.3.3: a response other than 304', () => {
  it('replaces the stored one', async () => {
    const { get } = await cached((n) => ({ headers: { ...(n === 1 ? STALE : FRESH), etag: `"${n}"` } }));
    expect([(await get()).body, (await get()).body, (await get()).body]).toEqual(['1', '2', '2']);
  });

  it.each([404, 403, 410])('removes it, even when it is a %i that is not stored', async (status) => {
    const { get } = await cached(
      (n) => (n === 1 ? { headers: { ...STALE, ...ETAG } } : n === 2 ? { status } : 'reset'),
      { cache: '{ staleIfError: 1h }' },
    );
    expect((await get()).status).toBe(200);
    expect((await get()).status).toBe(status);
    expect((await get()).status).toBe(502);
  });
});

describe('RFC 9111 section 3.2: a 304 updates the stored response', () => {
  it('field by field, except for fields of the body', async () => {
    const { get } = await cached((n) =>
      n === 1
        ? { headers: { ...STALE, ...ETAG, 'x-a': '1', 'x-b': '1', 'content-encoding': 'identity' } }
        : { status: 304, headers: { ...FRESH, 'x-a': '2', 'content-encoding': 'gzip' } },
    );
    await get();
    const expected = { 'x-a': '2', 'x-b': '1', 'content-encoding': 'identity', 'content-length': '1' };
    expect((await get()).headers).toMatchObject(expected);
    expect((await get()).headers).toMatchObject(expected);
  });

  it('and is not applied to another response (section 4.3.4)', async () => {
    const { get, seen } = await cached((n) =>
      n === 2 ? { status: 304, headers: { ...FRESH, etag: '"2"' } } : { headers: { ...STALE, ...ETAG } },
    );
    await get();
    expect((await get()).headers['etag']).toBe('"1"');
    expect(await get()).toMatchObject({ body: '3' });
    expect(seen[2]?.headers['if-none-match']).toBeUndefined();
  });
});
