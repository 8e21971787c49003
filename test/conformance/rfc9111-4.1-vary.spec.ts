import { describe, expect, it } from 'vitest';
import { oneGateway } from './one-gateway.js';

const gateway = oneGateway();
const varying = (vary: string | string[]) => ({
  headers: { 'cache-control': 'max-age=60', vary, etag: '"1"' },
});
type Fields = Record<string, string | string[]>;

/** @returns whether a request with the second fields gets the stored response of the first one */
async function isReused(vary: string | string[], first: Fields, second: Fields): Promise<boolean> {
  const { get, seen } = gateway.resource(() => varying(vary));
  await get(first);
  await get(second);
  // The ETag of another variant would get a 304 for that one.
  expect(seen.filter(({ headers }) => headers['if-none-match'] !== undefined)).toEqual([]);
  return seen.length === 1;
}

describe('RFC 9111 section 4.1: a request matches', () => {
  it.each<[string, string | string[], Fields, Fields]>([
    ['by one field', 'x-a', { 'x-a': '1' }, { 'x-a': '1' }],
    ['by a name in any case', 'X-a', { 'x-A': '1' }, { 'X-A': '1' }],
    ['by several', 'x-a, x-b', { 'x-a': '1', 'x-b': '2' }, { 'x-b': '2', 'x-a': '1' }],
    ['by several lines of Vary', ['x-a', 'x-b'], { 'x-a': '1', 'x-b': '2' }, { 'x-a': '1', 'x-b': '2' }],
    ['without what neither has', 'x-a, x-b', { 'x-a': '1' }, { 'x-a': '1' }],
    ['with other fields that differ', 'x-a', { 'x-a': '1', 'x-b': '1' }, { 'x-a': '1', 'x-b': '2' }],
    ['with an empty Vary', '', { 'x-a': '1' }, { 'x-a': '2' }],
    ['with other blanks', 'x-a', { 'x-a': '1,2' }, { 'x-a': '1 , 2' }],
    ['with lines for a list', 'x-a', { 'x-a': '1, 2' }, { 'x-a': ['1', '2'] }],
    [
      'with a language in other case',
      'accept-language',
      { 'accept-language': 'en, de;q=0.5' },
      { 'accept-language': 'EN,de; Q=0.5' },
    ],
    [
      'with a coding in other case',
      'accept-encoding',
      { 'accept-encoding': 'gzip, br' },
      { 'accept-encoding': 'GZIP,br' },
    ],
  ])('%s', async (_, vary, first, second) => {
    expect(await isReused(vary, first, second)).toBe(true);
  });
});

describe('RFC 9111 section 4.1: a request does not match', () => {
  it.each<[string, string | string[], Fields, Fields]>([
    ['with another value', 'x-a', { 'x-a': '1' }, { 'x-a': '2' }],
    ['without it', 'x-a', { 'x-a': '1' }, {}],
    ['with one where there was none', 'x-a', {}, { 'x-a': '1' }],
    ['with an empty one where there was none', 'x-a', {}, { 'x-a': '' }],
    ['by the second of two', 'x-a, x-b', { 'x-a': '1', 'x-b': '1' }, { 'x-a': '1', 'x-b': '2' }],
    ['by the second line', ['x-a', 'x-b'], { 'x-a': '1', 'x-b': '1' }, { 'x-a': '1', 'x-b': '2' }],
    ['by values that changed places', 'x-a, x-b', { 'x-a': '1', 'x-b': '2' }, { 'x-a': '2', 'x-b': '1' }],
    ['by the order of a list', 'x-a', { 'x-a': '1, 2' }, { 'x-a': '2, 1' }],
    ['by the case of a value', 'x-a', { 'x-a': 'a' }, { 'x-a': 'A' }],
    ['by blanks in a quoted string', 'x-a', { 'x-a': '"a, b"' }, { 'x-a': '"a,b"' }],
    ['by the case of a parameter', 'accept', { accept: 'a/b; p="X"' }, { accept: 'a/b; p="x"' }],
    [
      'by a second line that Node does not read',
      'user-agent',
      { 'user-agent': ['a', 'b'] },
      { 'user-agent': 'a' },
    ],
    ['by a cookie', 'cookie', { cookie: 'a=1' }, { cookie: 'a=2' }],
    ['by names that objects have', '__proto__, constructor', { constructor: '1' }, { constructor: '2' }],
  ])('%s', async (_, vary, first, second) => {
    expect(await isReused(vary, first, second)).toBe(false);
  });

  it.each<[string | string[]]>([
    ['*'],
    ['*, *'],
    [', *'],
    ['*, x-a'],
    ['x-a, *'],
    [['*', '*']],
    [['', '*']],
    [['x-a', '*']],
  ])('in any case with Vary: %s', async (vary) => {
    expect(await isReused(vary, { 'x-a': '1' }, { 'x-a': '1' })).toBe(false);
  });

  it('when the field never reached the upstream', async () => {
    const dropped = { 'accept-language': 'de', connection: 'accept-language' };
    expect(await isReused('accept-language', dropped, { 'accept-language': 'de' })).toBe(false);
    expect(await isReused('accept-language', dropped, {})).toBe(true);
  });
});

describe('RFC 9111 section 4.1: variants', () => {
  it('are stored together and selected by all fields that any of them named', async () => {
    const { get, seen } = gateway.resource((n) => varying(n === 2 ? 'x-b' : 'x-a'));
    const ask = async (a: string, b: string) => (await get({ 'x-a': a, 'x-b': b })).body;
    expect([await ask('1', '1'), await ask('2', '1'), await ask('2', '2')]).toEqual(['1', '2', '3']);
    expect([await ask('2', '1'), await ask('2', '2')]).not.toContain('1');
    expect(seen.length).toBeLessThanOrEqual(5);
  });

  it('are validated by their own ETags', async () => {
    const tagged = (n: number) => ({
      headers: { 'cache-control': 'max-age=60', age: '100', vary: 'x-a', etag: `"${n}"` },
    });
    const { get, seen } = gateway.resource((n) => (n > 2 ? { status: 304 } : tagged(n)));
    for (const value of ['1', '2', '1', '2']) await get({ 'x-a': value });
    expect(seen.map(({ headers }) => [headers['x-a'], headers['if-none-match']])).toEqual([
      ['1', undefined],
      ['2', undefined],
      ['1', '"1"'],
      ['2', '"2"'],
    ]);
  });

  it('start when a 304 adds the first Vary', async () => {
    const { get } = gateway.resource([
      { headers: { 'cache-control': 'max-age=60', age: '100', etag: '"1"' } },
      { status: 304, ...varying('x-a') },
    ]);
    for (const value of ['1', '1']) expect((await get({ 'x-a': value })).body).toBe('1');
    expect((await get({ 'x-a': '2' })).body).toBe('3');
    expect((await get({ 'x-a': '1' })).body).toBe('1');
  });
});
