import { describe, expect, it } from 'vitest';
import { cached, FRESH, STALE } from './cached.js';

/** @returns the body of the second response, which is `1` for the stored one */
async function second(first: Record<string, string>, cacheControl: string): Promise<string> {
  const { get } = await cached(() => ({ headers: first }));
  await get();
  return (await get('/1', { 'cache-control': cacheControl })).body;
}

const YOUNG = { 'cache-control': 'max-age=60', age: '20' };
const ETAGGED_STALE = { ...STALE, etag: '"1"' };

describe('RFC 9111 section 5.2.1', () => {
  it.each([
    ['5.2.1.1 max-age below the age', YOUNG, 'max-age=10', '2'],
    ['5.2.1.1 max-age above the age', YOUNG, 'max-age=30', '1'],
    ['5.2.1.1 max-age=0', YOUNG, 'max-age=0', '2'],
    ['5.2.1.2 max-stale without a value', ETAGGED_STALE, 'max-stale', '1'],
    ['5.2.1.2 max-stale above the staleness', ETAGGED_STALE, 'max-stale=1000', '1'],
    ['5.2.1.2 max-stale below the staleness', ETAGGED_STALE, 'max-stale=10', '2'],
    [
      '5.2.1.2 max-stale against must-revalidate',
      { ...ETAGGED_STALE, 'cache-control': 'max-age=60, must-revalidate' },
      'max-stale',
      '2',
    ],
    ['5.2.1.3 min-fresh below what is left', YOUNG, 'min-fresh=30', '1'],
    ['5.2.1.3 min-fresh above what is left', YOUNG, 'min-fresh=50', '2'],
    ['5.2.1.4 no-cache', FRESH, 'no-cache', '2'],
    ['5.2.1.5 no-store', FRESH, 'no-store', '2'],
    ['5.2.1.7 only-if-cached with a stored answer', FRESH, 'only-if-cached', '1'],
    ['an unknown directive', FRESH, 'x-unknown=1', '1'],
  ])('is followed: %s', async (_, first, asked, body) => {
    expect(await second(first, asked)).toBe(body);
  });

  it('5.2.1.4 no-cache validates instead of fetching', async () => {
    const { get, seen } = await cached((n) => ({
      status: n === 1 ? 200 : 304,
      headers: { ...FRESH, etag: '"1"' },
    }));
    await get();
    expect(await get('/1', { 'cache-control': 'no-cache' })).toMatchObject({
      status: 200,
      body: '1',
      cacheStatus: 'Breakwater; fwd=request; fwd-status=304',
    });
    expect(seen).toHaveLength(2);
  });

  it('5.2.1.5 no-store stores nothing', async () => {
    const { get } = await cached(() => ({ headers: { ...FRESH } }));
    await get('/1', { 'cache-control': 'no-store' });
    expect((await get()).body).toBe('2');
  });

  it('5.2.1.7 only-if-cached gets a 504 without a usable response', async () => {
    const { get, seen } = await cached(() => ({ headers: { ...STALE, etag: '"1"' } }));
    for (const _ of [1, 2]) {
      const answer = await get('/1', { 'cache-control': 'only-if-cached' });
      expect(answer.status).toBe(504);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'not_cached' });
      await get();
    }
    expect(seen).toHaveLength(2);
  });

  it.each<[string, Record<string, string>]>([
    ['no-store', { 'cache-control': 'only-if-cached, no-store' }],
    ['If-Match', { 'cache-control': 'only-if-cached', 'if-match': '"1"' }],
  ])('5.2.1.7 only-if-cached with %s makes no call', async (_, headers) => {
    const { get, seen } = await cached(() => ({ headers: { ...FRESH } }));
    expect((await get('/1', headers)).status).toBe(504);
    expect(seen).toHaveLength(0);
  });

  it('5.4 Pragma applies to requests without Cache-Control', async () => {
    const { get } = await cached(() => ({ headers: { ...FRESH } }));
    await get();
    expect((await get('/1', { pragma: 'no-cache', 'cache-control': 'max-age=60' })).body).toBe('1');
    expect((await get('/1', { pragma: 'no-cache' })).body).toBe('2');
  });
});
