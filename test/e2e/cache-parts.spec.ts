import { describe, expect, it } from 'vitest';
import { cached, FRESH, type Given } from '../conformance/cached.js';
import { arrivals } from '../support/arrivals.js';
import { gateway } from '../support/gateway.js';
import { ask } from '../support/http.js';
import { recording } from '../support/recording.js';

const BODY = '0123456789';
const WHOLE = { headers: { ...FRESH, etag: '"1"' }, body: BODY };
const HEAD = { 'content-length': '10', etag: '"1"' };

describe('a request for a part of a response that is not stored', () => {
  it('shares one call with those for other parts and for the whole', async () => {
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const { gw, get, seen } = await cached(async (): Promise<Given> => {
      await opened;
      return WHOLE;
    });
    const arrived = arrivals(gw.url);
    const answers = Array.from({ length: 10 }, (_, i) => [
      get('/1', { 'if-none-match': '"1"' }),
      get('/1', { 'if-none-match': `"${i + 2}"` }),
      get('/1', { range: 'bytes=2-4' }),
      get('/1', {}, 'HEAD'),
      get(),
    ]);
    await arrived(50);
    open();
    for (const each of answers) {
      const [held, other, range, head, whole] = await Promise.all(each);
      expect(held).toMatchObject({ status: 304, body: '', headers: { etag: '"1"' } });
      expect(other).toMatchObject({ status: 200, body: BODY });
      expect(range).toMatchObject({ status: 206, body: '234', headers: { 'content-range': 'bytes 2-4/10' } });
      expect(head).toMatchObject({ status: 200, body: '', headers: HEAD });
      expect(whole).toMatchObject({ status: 200, body: BODY });
    }
    expect(seen).toHaveLength(1);
  });

  it.each<[string, Record<string, string>, string, object]>([
    ['a HEAD', {}, 'HEAD', { status: 200, body: '', headers: HEAD }],
    ['a range', { range: 'bytes=-1' }, 'GET', { status: 206, body: '9' }],
    ['a range beyond the end', { range: 'bytes=10-' }, 'GET', { status: 416 }],
    ['a range with If-Range', { range: 'bytes=0-0', 'if-range': '"1"' }, 'GET', { status: 206, body: '0' }],
    [
      'a range of something else',
      { range: 'bytes=0-0', 'if-range': '"2"' },
      'GET',
      { status: 200, body: BODY },
    ],
    ['If-None-Match', { 'if-none-match': 'W/"1"' }, 'GET', { status: 304, body: '' }],
    ['If-None-Match of something else', { 'if-none-match': '"2"' }, 'GET', { status: 200, body: BODY }],
    ['If-Modified-Since', { 'if-modified-since': new Date(0).toUTCString() }, 'GET', { status: 200 }],
  ])('fetches the whole: %s', async (_, headers, method, answer) => {
    const { get, seen } = await cached(() => WHOLE);
    expect(await get('/1', headers, method)).toMatchObject({
      ...answer,
      cacheStatus: 'Breakwater; fwd=uri-miss',
    });
    expect(seen[0]).toMatchObject({ method: 'GET' });
    for (const name of Object.keys(headers)) expect(seen[0]?.headers[name]).toBeUndefined();
    expect(await get()).toMatchObject({ body: BODY, cacheStatus: expect.stringContaining('hit') });
    expect(seen).toHaveLength(1);
  });

  it('validates a stale response once for a range', async () => {
    const { get, seen } = await cached((n) =>
      n === 1
        ? { headers: { 'cache-control': 'max-age=60', age: '100', etag: '"1"' }, body: BODY }
        : { status: 304, headers: { ...FRESH } },
    );
    await get();
    expect(await get('/1', { range: 'bytes=0-1' })).toMatchObject({ status: 206, body: '01' });
    expect(seen[1]?.headers).toMatchObject({ 'if-none-match': '"1"' });
    expect(seen[1]?.headers.range).toBeUndefined();
    expect(await get('/1', { range: 'bytes=0-1' })).toMatchObject({ status: 206, body: '01' });
    expect(seen).toHaveLength(2);
  });

  it.each(['HEAD', 'GET'])('passes on an error of the upstream: %s', async (method) => {
    const { get, seen } = await cached(() => ({ status: 404 }));
    expect(await get('/1', { range: 'bytes=0-1' }, method)).toMatchObject({ status: 404 });
    expect(seen).toHaveLength(1);
  });

  it('fails when the whole is cut off', async () => {
    const { get } = await cached(() => ({ headers: { ...FRESH, 'content-length': '100' }, body: '1' }), {
      upstream: 'bodyTimeout: 200ms',
    });
    expect(await get('/1', { range: 'bytes=0-1' })).toMatchObject({ status: 502 });
  });
});

describe('a request for a part of a response that is too large to store', () => {
  it.each([
    ['of known length', true],
    ['of unknown length', false],
  ])('is forwarded as it is: %s', async (_, hasLength) => {
    let written = 0;
    const users = recording((req, res) => {
      if (req.method === 'HEAD') {
        res.writeHead(200, { 'content-length': 1e9 }).end();
      } else if (req.headers.range !== undefined) {
        res.writeHead(206, { 'content-range': 'bytes 0-1/1000000000', 'content-length': 2 }).end('01');
      } else {
        res.writeHead(200, hasLength ? { 'content-length': 1e9 } : {});
        const chunk = Buffer.alloc(64 * 1024);
        const more = () => {
          while (!res.destroyed && res.write(chunk)) written += chunk.length;
        };
        res.on('drain', more);
        more();
      }
    });
    const gw = await gateway(`
      upstreams: { users: { url: "\${USERS_URL}" } }
      routes: [{ id: all, match: { path: /** }, upstream: users, cache: {} }]
    `)
      .withUpstream('users', users.handler)
      .start();
    for (let i = 0; i < 2; i++) {
      expect(await ask(`${gw.url}/1`, { range: 'bytes=0-1' })).toMatchObject({ status: 206, body: '01' });
      expect(await ask(`${gw.url}/1`, {}, 'HEAD')).toMatchObject({
        status: 200,
        headers: { 'content-length': '1000000000' },
      });
    }
    expect(users.requests.map(({ method, headers }) => `${method} ${headers.range ?? 'whole'}`)).toEqual([
      'GET whole',
      'GET bytes=0-1',
      'HEAD whole',
      'GET bytes=0-1',
      'HEAD whole',
    ]);
    expect(written).toBeLessThan(1e8);
  });
});
