import { describe, expect, it } from 'vitest';
import { type Answer, httpDate, oneGateway } from './one-gateway.js';

const gateway = oneGateway();

async function isReused(answer: Answer): Promise<boolean> {
  const { get, seen } = gateway.resource(() => answer);
  await get();
  await get();
  return seen.length === 1;
}

const NO = { 'cache-control': 'no-store' };
const YES = { 'cache-control': 'max-age=3600' };

describe('RFC 9213 section 2.1: a targeted field is a dictionary', () => {
  it.each([
    'max-age=3600',
    'x, max-age=3600',
    'max-age=3600;x=1;y="2";z',
    'max-age=0, max-age=3600',
    'max-age=3600\t,\tx',
    'no-store=?0, max-age=3600',
    'max-age=3600, x="a, no-store"',
    'max-age=3600, x=(a "b" 1;c)',
    'max-age=3600, x=:aGVsbG8=:',
    'max-age=3600, x=-1.5',
    's-maxage=3600',
    's-maxage=3600, max-age=0',
    'max-age=3600, no-cache="x-a"',
    'max-age=99999999999',
  ])('overrides Cache-Control: %s', async (field) => {
    expect(await isReused({ headers: { 'cdn-cache-control': field, ...NO } })).toBe(true);
  });

  it.each([
    'max-age=0',
    'no-store',
    'private',
    'no-cache',
    'max-age=3600, max-age=0',
    's-maxage=0, max-age=3600',
    'max-age="3600"',
    'max-age=3600.0',
    'max-age=-1',
    'max-age',
    'max-age=?1',
    'max-age=3600, no-store',
  ])('overrides Cache-Control when it forbids storing: %s', async (field) => {
    expect(await isReused({ headers: { 'cdn-cache-control': field, ...YES } })).toBe(false);
  });

  it.each([
    '',
    'max-age=3600,',
    ',max-age=3600',
    'max-age=3600, &&&',
    'max-age =3600',
    'max-age= 3600',
    'Max-Age=3600',
    'max-age=3600 x',
    'max-age=3600;',
    'max-age=3600, x="',
    'max-age=3600, x=(a',
    'max-age=3600, x=1234567890123456',
    'max-age=3600, x=?2',
  ])('is as if it were not there when it is empty or malformed: "%s"', async (field) => {
    expect(await isReused({ headers: { 'cdn-cache-control': field, ...NO } })).toBe(false);
    expect(await isReused({ headers: { 'cdn-cache-control': field, ...YES } })).toBe(true);
  });

  it('is combined from all its lines', async () => {
    expect(await isReused({ headers: { 'cdn-cache-control': ['max-age=0', 'max-age=3600'], ...NO } })).toBe(
      true,
    );
  });
});

describe('RFC 9213 section 2.2: it replaces the other fields', () => {
  it.each<[string, Record<string, string>, boolean]>([
    ['a past Expires', { 'cdn-cache-control': 'max-age=3600', expires: httpDate(-100) }, true],
    ['a future Expires', { 'cdn-cache-control': 'max-age=0', expires: httpDate(100) }, false],
    [
      'an Expires, also when it says no lifetime',
      { 'cdn-cache-control': 'x', expires: httpDate(100) },
      false,
    ],
    ['the max-age of Cache-Control, when it has none', { 'cdn-cache-control': 'x', ...YES }, false],
    ['nothing of Age', { 'cdn-cache-control': 'max-age=3600', age: '7200' }, false],
  ])('of %s', async (_, headers, reused) => {
    expect(await isReused({ headers })).toBe(reused);
  });

  it('also for stale responses', async () => {
    const { get } = gateway.resource([
      {
        headers: {
          'cdn-cache-control': 'max-age=60, stale-if-error=3600',
          'cache-control': 'must-revalidate',
          age: '100',
        },
      },
      'reset',
    ]);
    await get();
    expect(await get()).toMatchObject({ status: 200, body: '1' });
  });

  it('and a 304 brings a new one', async () => {
    const { get, seen } = gateway.resource([
      { headers: { 'cdn-cache-control': 'max-age=60', age: '100', etag: '"1"' } },
      { status: 304, headers: { 'cdn-cache-control': 'max-age=600' } },
    ]);
    for (const _ of [1, 2, 3]) expect((await get()).body).toBe('1');
    expect(seen).toHaveLength(2);
  });
});

describe('RFC 9213 section 3.1: CDN-Cache-Control', () => {
  it('is forwarded to the client for its caches', async () => {
    const headers = { 'cdn-cache-control': 'max-age=60', ...NO };
    const { get } = gateway.resource(() => ({ headers }));
    for (const _ of [1, 2]) expect((await get()).headers).toMatchObject(headers);
  });

  it('leaves fields for other targets alone', async () => {
    expect(await isReused({ headers: { 'example-cache-control': 'max-age=3600', ...NO } })).toBe(false);
  });
});
