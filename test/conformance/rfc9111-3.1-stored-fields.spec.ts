import { describe, expect, it } from 'vitest';
import { type Answer, httpDate, oneGateway } from './one-gateway.js';

const gateway = oneGateway();
const fresh = (headers: Record<string, string | string[]> = {}) => ({
  headers: { 'cache-control': 'max-age=60', ...headers },
});

/** @returns the headers of the second response, which has to come from the cache */
async function reused(answer: Answer) {
  const { get, seen } = gateway.resource([answer]);
  await get();
  const { headers } = await get();
  expect(seen).toHaveLength(1);
  return headers;
}

describe('RFC 9111 section 3.1: a response is stored', () => {
  it.each([
    ['Test-Header', 'a'],
    ['Content-Type', 'text/plain'],
    ['Content-Disposition', 'attachment'],
    ['Content-Language', 'de'],
    ['Content-Security-Policy', "default-src 'self'"],
    ['Link', '</a>; rel=next'],
    ['Location', '/elsewhere'],
    ['Server', 'x'],
    ['WWW-Authenticate', 'Basic'],
  ])('with %s', async (name, value) => {
    expect(await reused(fresh({ [name]: value }))).toMatchObject({ [name.toLowerCase()]: value });
  });

  it('with all lines of a field', async () => {
    expect(await reused(fresh({ link: ['<a>', '<b>'] }))).toMatchObject({ link: '<a>, <b>' });
  });

  it.each([
    ['Keep-Alive', 'timeout=77'],
    ['Proxy-Authenticate', 'Basic realm=77'],
    ['Proxy-Authentication-Info', 'a=77'],
    ['Proxy-Authorization', 'Basic 77'],
    ['Proxy-Connection', 'x77'],
    ['TE', 'x77'],
    ['Upgrade', 'x77'],
  ])('without %s', async (name, value) => {
    expect((await reused(fresh({ [name]: value })))[name.toLowerCase()]).not.toBe(value);
  });

  it('without the fields that Connection names', async () => {
    const headers = await reused(fresh({ connection: 'x-a, X-B', 'x-a': '1', 'x-b': '1', 'x-c': '1' }));
    expect([headers['x-a'], headers['x-b'], headers['x-c']]).toEqual([undefined, undefined, '1']);
  });

  it.each<[string, Record<string, string>]>([
    ['no-store', { 'cache-control': 'no-store' }],
    ['a cookie', { 'set-cookie': 'a=1' }],
    ['Vary', { vary: '*' }],
  ])('and Connection cannot remove %s', async (_, headers) => {
    const { get } = gateway.resource(() => fresh({ ...headers, connection: Object.keys(headers).join() }));
    expect([(await get()).body, (await get()).body]).toEqual(['1', '2']);
  });
});

describe('RFC 9111 section 3.2: a 304 updates the stored response', () => {
  const modified = httpDate(-10_000);
  const stale = (headers: Record<string, string | string[]>) => fresh({ age: '100', ...headers });

  it.each([
    ['Test-Header', 'a', 'b'],
    ['Content-Foo', 'a', 'b'],
    ['Content-Type', 'text/plain', 'text/plain;charset=utf-8'],
    ['Content-Location', '/a', '/b'],
    ['Content-Security-Policy', "default-src 'self'", "default-src 'none'"],
    ['Content-MD5', 'a', 'b'],
    ['X-Frame-Options', 'DENY', 'SAMEORIGIN'],
    ['Clear-Site-Data', '"cache"', '"cookies"'],
    ['Expires', httpDate(10), httpDate(100)],
  ])('in %s', async (name, before, after) => {
    const validators: Record<string, string>[] = [{ etag: '"1"' }, { 'last-modified': modified }];
    for (const validator of validators) {
      const { get, seen } = gateway.resource([
        stale({ ...validator, [name]: before }),
        { status: 304, ...fresh({ ...validator, [name]: after }) },
      ]);
      await get();
      for (const _ of [1, 2]) {
        expect(await get()).toMatchObject({
          status: 200,
          body: '1',
          headers: { [name.toLowerCase()]: after },
        });
      }
      expect(seen).toHaveLength(2);
    }
  });

  it.each([
    ['Content-Encoding', 'identity', 'gzip'],
    ['Content-Range', 'bytes 0-0/1', 'bytes 1-1/2'],
  ])('but not in %s, which describes the stored body', async (name, before, after) => {
    const { get } = gateway.resource([
      stale({ etag: '"1"', [name]: before }),
      { status: 304, ...fresh({ etag: '"1"', [name]: after }) },
    ]);
    await get();
    for (const _ of [1, 2]) {
      const { headers } = await get();
      expect([headers[name.toLowerCase()], headers['content-length']]).toEqual([before, '1']);
    }
  });

  it('nor in Content-Length', async () => {
    const { get } = gateway.resource([
      stale({ etag: '"1"' }),
      {
        bytes:
          'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 10\r\nCache-Control: max-age=60\r\n\r\n',
      },
    ]);
    await get();
    for (const _ of [1, 2])
      expect(await get()).toMatchObject({ body: '1', headers: { 'content-length': '1' } });
  });

  it('by replacing all lines of a field', async () => {
    const { get } = gateway.resource([
      stale({ etag: '"1"', link: ['<a>', '<b>'] }),
      { status: 304, ...fresh({ etag: '"1"', link: '<c>' }) },
    ]);
    await get();
    for (const _ of [1, 2]) expect((await get()).headers['link']).toBe('<c>');
  });

  it('without its hop-by-hop fields', async () => {
    const { get } = gateway.resource([
      stale({ etag: '"1"' }),
      {
        status: 304,
        ...fresh({ etag: '"1"', connection: 'close, x-hop', 'x-hop': '1', 'proxy-authenticate': 'Basic' }),
      },
    ]);
    await get();
    for (const _ of [1, 2]) {
      const { headers } = await get();
      expect([headers['x-hop'], headers['proxy-authenticate']]).toEqual([undefined, undefined]);
    }
  });

  it('and its cache directives apply from then on', async () => {
    const { get, seen } = gateway.resource([
      stale({ etag: '"1"' }),
      { status: 304, headers: { etag: '"1"', 'cache-control': 'no-store' } },
    ]);
    await get();
    expect(await get()).toMatchObject({ status: 200, body: '1', headers: { 'cache-control': 'no-store' } });
    expect((await get()).body).toBe('3');
    expect(seen[2]?.headers['if-none-match']).toBeUndefined();
  });

  it('and its cookies go only to the client of that request', async () => {
    const { get } = gateway.resource([
      stale({ etag: '"1"' }),
      { status: 304, ...fresh({ etag: '"1"', 'set-cookie': 'a=1' }) },
    ]);
    await get();
    expect(await get({ 'if-none-match': '"1"' })).toMatchObject({
      status: 304,
      headers: { 'set-cookie': ['a=1'] },
    });
    expect((await get()).headers['set-cookie']).toBeUndefined();
  });
});

describe('RFC 9111 section 3.3: an incomplete response is not stored', () => {
  const head = 'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n';
  it.each([
    ['shorter than it said', `${head}Content-Length: 100\r\n\r\nhello`],
    ['without its last chunk', `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`],
    ['cut within a chunk', `${head}Transfer-Encoding: chunked\r\n\r\n9\r\nhello`],
    ['ended by the connection', `${head}Connection: close\r\n\r\nhello`],
    ['ended by the connection, in a coding', `${head}Transfer-Encoding: gzip\r\n\r\nhello`],
    ['of two lengths', `${head}Content-Length: 5\r\nContent-Length: 3\r\n\r\nhello`],
  ])('when it is %s', async (_, bytes) => {
    const { get, seen } = gateway.resource(() => ({ bytes }));
    for (const _ of [1, 2]) await get().catch(() => undefined);
    expect(seen).toHaveLength(2);
  });

  it.each([206, 304])('nor is an unasked %i', async (status) => {
    const { get } = gateway.resource([{ status, ...fresh({ 'content-range': 'bytes 0-0/1' }) }]);
    await get();
    expect((await get()).body).toBe('2');
  });

  it('nor does it replace a complete one (section 3.4)', async () => {
    const { get } = gateway.resource([
      { status: 206, ...fresh({ 'content-range': 'bytes 0-1/5' }), body: 'he' },
      { ...fresh(), body: 'hello' },
    ]);
    expect(await get({ range: 'bytes=0-1' })).toMatchObject({ status: 206, body: 'he' });
    expect(await get()).toMatchObject({ status: 200, body: 'hello' });
    expect(await get({ range: 'bytes=2-3' })).toMatchObject({ status: 206, body: 'll' });
  });
});
