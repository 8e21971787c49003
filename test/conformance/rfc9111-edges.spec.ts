import { describe, expect, it } from 'vitest';
import { type Answer, httpDate, oneGateway } from './one-gateway.js';

const gateway = oneGateway();
const lenient = oneGateway('{ ttl: 1ms, staleWhileRevalidate: 1h, staleIfError: 1h }');
const MODIFIED = httpDate(-10_000);
const fresh = (more: Record<string, string | string[]> = {}) => ({
  headers: { 'cache-control': 'max-age=60', ...more },
});
const stale = (more: Record<string, string | string[]> = {}) => fresh({ age: '100', ...more });

describe('RFC 9111 section 3: a final response', () => {
  it.each(['102 Processing', '103 Early Hints'])(
    'is stored without the interim %s before it',
    async (interim) => {
      const bytes = [
        `HTTP/1.1 ${interim}\r\nLink: <a>\r\nCache-Control: no-store\r\nX-Interim: 1\r\n\r\n`,
        'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 5\r\n\r\nhello',
      ].join('');
      const { get, seen } = gateway.resource([{ bytes }]);
      await get();
      const { status, body, headers } = await get();
      expect([status, body, headers['link'], headers['x-interim']]).toEqual([
        200,
        'hello',
        undefined,
        undefined,
      ]);
      expect(seen).toHaveLength(1);
    },
  );

  it('is stored without its trailers and framed by its length', async () => {
    const bytes =
      'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '3\r\nhel\r\n2\r\nlo\r\n0\r\nX-T: 1\r\nCache-Control: no-store\r\n\r\n';
    const { get, seen } = gateway.resource([{ bytes }]);
    await get();
    const { body, headers } = await get();
    expect(body).toBe('hello');
    expect(headers).toMatchObject({ 'content-length': '5', 'cache-control': 'max-age=60' });
    expect([headers['trailer'], headers['x-t'], headers['transfer-encoding']]).toEqual(
      Array(3).fill(undefined),
    );
    expect(seen).toHaveLength(1);
  });

  it('is stored when it is complete although its client sent conditions', async () => {
    const { get, seen } = gateway.resource([fresh({ etag: '"2"' })]);
    expect((await get({ 'if-none-match': '"1"', 'if-modified-since': MODIFIED })).body).toBe('1');
    expect((await get()).body).toBe('1');
    expect(seen).toHaveLength(1);
  });

  it.each(['POST', 'PUT', 'OPTIONS'])('to %s is not stored, whatever its directives', async (method) => {
    const { path, get } = gateway.resource((n) => ({
      ...fresh({ 'content-location': path, expires: httpDate(60) }),
      body: String(n),
    }));
    await get({}, method);
    expect((await get()).body).toBe('2');
  });
});

describe('RFC 9111 section 4.2.1: a lifetime', () => {
  it.each<[string, Answer]>([
    ['until the last year there is', { headers: { expires: 'Fri, 31 Dec 9999 23:59:59 GMT' } }],
    ['in s-maxage in quotes', { headers: { 'cache-control': 's-maxage="60"' } }],
    [
      'beside quoted words of another directive',
      { headers: { 'cache-control': 'x="s-maxage=0", max-age=60' } },
    ],
    ['beside an escape', { headers: { 'cache-control': 'x="\\\\", max-age=60' } }],
    ['on the third line', { headers: { 'cache-control': ['x', '', 'max-age=60'] } }],
  ])('is found %s', async (_, answer) => {
    const { get, seen } = gateway.resource(() => answer);
    for (const _ of [1, 2]) await get();
    expect(seen).toHaveLength(1);
  });
});

describe('RFC 9111 section 4.3.1: a validator', () => {
  it.each<[string, Record<string, string[]>]>([
    ['two entity tags', { etag: ['"1"', '"2"'] }],
    ['two dates', { 'last-modified': [MODIFIED, httpDate(-20_000)] }],
  ])('is not used with %s', async (_, validators) => {
    const { get, seen } = lenient.resource([
      { headers: { 'cache-control': 'max-age=60, stale-while-revalidate=0', age: '100', ...validators } },
    ]);
    await get();
    expect((await get()).body).toBe('2');
    const { 'if-none-match': noneMatch, 'if-modified-since': since } = seen[1]?.headers ?? {};
    expect([noneMatch, since]).toEqual([undefined, undefined]);
  });

  it.each(['1', "'1'", 'w/"1"'])('is sent unchanged: %s', async (etag) => {
    const { get, seen } = gateway.resource([stale({ etag }), { status: 304, ...fresh({ etag }) }]);
    await get();
    expect((await get()).body).toBe('1');
    expect(seen[1]?.headers['if-none-match']).toBe(etag);
  });

  it('is sent with the fields of its variant', async () => {
    const { get, seen } = gateway.resource([stale({ etag: '"1"', vary: 'x-a' }), { status: 304 }]);
    for (const _ of [1, 2]) await get({ 'x-a': '1' });
    expect(seen[1]?.headers).toMatchObject({ 'if-none-match': '"1"', 'x-a': '1' });
  });
});

describe('RFC 9111 section 4.3.4: a 304', () => {
  it.each<[string, Record<string, string>, Record<string, string>, boolean]>([
    ['the same strong tag', { etag: '"1"' }, { etag: '"1"' }, true],
    ['another strong tag', { etag: '"1"' }, { etag: '"2"' }, false],
    ['a strong tag for a weak one', { etag: 'W/"1"' }, { etag: '"1"' }, false],
    ['the same weak tag', { etag: 'W/"1"' }, { etag: 'W/"1"' }, true],
    ['the weak tag of a strong one', { etag: '"1"' }, { etag: 'W/"1"' }, true],
    ['another weak tag', { etag: 'W/"1"' }, { etag: 'W/"2"' }, false],
    ['a tag where only a date was', { 'last-modified': MODIFIED }, { etag: '"1"' }, false],
    ['the same date', { 'last-modified': MODIFIED }, { 'last-modified': MODIFIED }, true],
    ['another date', { 'last-modified': MODIFIED }, { 'last-modified': httpDate(-5_000) }, false],
    ['no validator', { etag: '"1"' }, {}, true],
    [
      'the same tag, and another date',
      { etag: '"1"', 'last-modified': MODIFIED },
      { etag: '"1"', 'last-modified': httpDate(-5_000) },
      true,
    ],
  ])('is matched with %s', async (_, stored, answered, isAboutIt) => {
    const { get, seen } = gateway.resource([
      stale(stored),
      { status: 304, ...fresh({ ...answered, 'x-new': '1' }) },
      fresh(),
    ]);
    await get();
    expect(await get()).toMatchObject({ status: 200, body: '1' });
    const { body, headers } = await get();
    expect([body, headers['x-new']]).toEqual(isAboutIt ? ['1', '1'] : ['3', undefined]);
    expect(seen).toHaveLength(isAboutIt ? 2 : 3);
  });

  it.each<[string, Record<string, string>]>([
    ['an Age', { age: '100' }],
    ['an Expires', { expires: httpDate(-1), 'cache-control': 'x' }],
  ])('does not freshen when it is stale itself, by %s', async (_, more) => {
    const not: Answer = { status: 304, ...fresh({ etag: '"1"', ...more }) };
    const { get, seen } = gateway.resource([stale({ etag: '"1"' }), not, not]);
    for (const _ of [1, 2, 3]) expect((await get()).body).toBe('1');
    expect(seen).toHaveLength(3);
  });

  it('reaches the client with its own Age', async () => {
    const { get } = gateway.resource([stale({ etag: '"1"' }), { status: 304, ...fresh({ age: '7' }) }]);
    await get();
    expect((await get()).headers['age']).toBe('7');
  });

  it('does not affect responses that were not validated', async () => {
    const { get, seen } = gateway.resource([stale(), { status: 304, ...fresh({ etag: '"1"' }) }]);
    await get();
    expect((await get({ 'if-none-match': '"1"', 'cache-control': 'no-cache' })).status).toBe(304);
    expect((await get()).body).toBe('3');
    expect(seen[1]?.headers['if-none-match']).toBe('"1"');
  });
});

describe('RFC 9111 section 5.2.1: request directives', () => {
  it.each<[string, string | string[], boolean]>([
    ['in any case', 'No-Cache', false],
    ['with an argument it has not', 'no-cache=x', false],
    ['on the second line', ['x', 'no-cache'], false],
    ['in quotes of another', 'x="no-cache, no-store"', true],
    ['max-age in quotes', 'max-age="0"', false],
    ['max-age twice', 'max-age=0, max-age=60', false],
    ['a max-age that is no number', 'max-age=soon', false],
    ['a min-fresh that is no number', 'min-fresh=soon', true],
    ['min-fresh beyond all lifetimes', 'min-fresh=99999999999', false],
    ['only-if-cached with more', 'max-age=30, only-if-cached', true],
    ['stale-while-revalidate, which is for responses', 'stale-while-revalidate=0', true],
    ['must-revalidate and private, which are for responses', 'must-revalidate, private, s-maxage=0', true],
  ])('%s', async (_, control, reused) => {
    const { get, seen } = gateway.resource(() => fresh());
    await get();
    // Several lines, which the type of this field does not allow.
    await get({ ['cache-control' as string]: control });
    expect(seen).toHaveLength(reused ? 1 : 2);
  });

  it('stale-if-error ends after its time (RFC 5861 section 4)', async () => {
    const { get } = gateway.resource([stale({ etag: '"1"' }), { status: 500 }, { status: 500 }]);
    await get();
    expect((await get({ 'cache-control': 'stale-if-error=39' })).status).toBe(500);
    expect((await get({ 'cache-control': 'stale-if-error=60' })).status).toBe(200);
  });

  it('max-stale ends after its time', async () => {
    const { get, seen } = gateway.resource([stale({ etag: '"1"' })]);
    await get();
    expect((await get({ 'cache-control': 'max-stale=60' })).body).toBe('1');
    expect((await get({ 'cache-control': 'max-stale=39' })).body).toBe('2');
    expect(seen).toHaveLength(2);
  });
});

describe('RFC 5861 section 3: stale-while-revalidate', () => {
  const graced = (seconds: number): Answer => ({
    headers: { 'cache-control': `max-age=60, stale-while-revalidate=${seconds}`, age: '100' },
  });

  it('ends after its time', async () => {
    const { get } = gateway.resource([graced(39), fresh()]);
    await get();
    expect((await get()).body).toBe('2');
  });

  it('applies within its time', async () => {
    const { get } = gateway.resource([graced(60), fresh()]);
    await get();
    expect((await get()).body).toBe('1');
  });

  it('does not apply to a request with max-age', async () => {
    const { get } = gateway.resource([graced(60), fresh()]);
    await get();
    expect((await get({ 'cache-control': 'max-age=600' })).body).toBe('2');
  });
});

describe('RFC 9110 section 15.5.17: a range beyond the end', () => {
  it('is answered with the length and without fields of the complete body', async () => {
    const { get } = gateway.resource([fresh({ etag: '"1"', 'content-type': 'text/plain' })]);
    await get();
    const { status, headers } = await get({ range: 'bytes=5-' });
    expect([status, headers['content-range'], headers['content-type'], headers['etag']]).toEqual([
      416,
      'bytes */1',
      undefined,
      undefined,
    ]);
  });
});

describe('RFC 9110 section 9.3.2: HEAD', () => {
  it.each([
    ['If-None-Match', { 'if-none-match': '"1"' }],
    ['If-Modified-Since', { 'if-modified-since': MODIFIED }],
  ])('with %s is answered from the stored response', async (_, conditions) => {
    const { get, seen } = gateway.resource([fresh({ etag: '"1"', 'last-modified': MODIFIED })]);
    await get();
    expect(await get(conditions, 'HEAD')).toMatchObject({ status: 304, body: '' });
    expect(seen).toHaveLength(1);
  });

  it('is forwarded unchanged when the stored response is stale', async () => {
    const { get, seen } = gateway.resource([stale({ etag: '"1"' }), fresh({ etag: '"1"' })]);
    await get();
    expect((await get({}, 'HEAD')).status).toBe(200);
    expect([seen[1]?.method, seen[1]?.headers['if-none-match']]).toEqual(['HEAD', undefined]);
  });
});
