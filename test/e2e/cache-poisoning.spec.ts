import { describe, expect, it } from 'vitest';
import { type Answer, oneGateway } from '../conformance/one-gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { bearer } from '../support/tokens.js';

const gateway = oneGateway('{ ttl: 1m }');

/** An upstream that reflects request headers in its response. */
const reflecting = (): ReturnType<typeof gateway.resource> =>
  gateway.resource((_n, { rawHeaders, method, url }): Answer => ({
    body: JSON.stringify([method, url, rawHeaders]),
  }));

/** @returns the response to the next client, which sends an ordinary request */
async function after(attack: Record<string, string | string[]>, method = 'GET'): Promise<string> {
  const { get } = reflecting();
  await get(attack, method);
  return (await get()).body;
}

describe('a client cannot influence the stored response of others', () => {
  it.each([
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Forwarded-Scheme',
    'X-Forwarded-Port',
    'X-Forwarded-Prefix',
    'X-Forwarded-Server',
    'X_Forwarded_Host',
    'Forwarded',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-HTTP-Method-Override',
    'X-HTTP-Method',
    'X-Method-Override',
    'X-Host',
    'X-HTTP-Host-Override',
    'X-Original-Host',
    'X-Original-URI',
    'X-Scheme',
    'X-Url-Scheme',
    'X-Forward-Proto',
    'Front-End-Https',
    'Front_End_Https',
    'CF-Visitor',
    'Forwarded-For',
    'Client-IP',
    'X-Real-IP',
    'True-Client-IP',
    'X-User-Id',
    'X-Middleware-Subrequest',
    'Connection',
  ])('by %s', async (name) => {
    expect(await after({ [name]: 'evil.test' })).not.toContain('evil.test');
  });

  it.each(['evil.test', '127.0.0.1:80', '127.0.0.1.'])('by the host %s', async (host) => {
    expect(await after({ host })).not.toContain(`"${host}"`);
  });

  it.each(['HEAD', 'POST', 'OPTIONS'])('by the method %s', async (method) => {
    expect(await after({}, method)).toContain('"GET"');
  });

  it.each([
    ['a length', 'Content-Length: 4', 'evil'],
    ['chunks', 'Transfer-Encoding: chunked', '4\r\nevil\r\n0\r\n\r\n'],
  ])('by a body of %s', async (_, field, body) => {
    const { path, get, seen } = reflecting();
    const head = requestHead(`GET ${path}`, `Host: ${new URL(gateway.url).host}`, 'Connection: close', field);
    expect(answersIn(await raw(gateway.url, head + body))[0]?.status).toBe(200);
    await get();
    expect(seen).toHaveLength(2);
  });
});

describe('an error response is not stored', () => {
  it.each([400, 408, 413, 414, 417, 431])('with status %i, whatever its lifetime', async (status) => {
    const { get } = gateway.resource([
      { status, headers: { 'cache-control': 'public, max-age=3600' } },
      { body: 'well' },
    ]);
    expect((await get({ 'x-large': 'x'.repeat(4_000) })).status).toBe(status);
    expect(await get()).toMatchObject({ status: 200, body: 'well' });
  });

  it.each([401, 403, 404, 405, 429, 500, 501, 502, 503])(
    'with status %i, unless it has a lifetime',
    async (status) => {
      const { get } = gateway.resource([{ status }, { body: 'well' }]);
      await get();
      expect(await get()).toMatchObject({ status: 200, body: 'well' });
    },
  );

  it('with status 416 for a range', async () => {
    const { get } = gateway.resource([
      { status: 416, headers: { 'cache-control': 'max-age=60' } },
      { body: 'well' },
    ]);
    expect((await get({ range: 'bytes=9-' })).status).toBe(416);
    expect(await get()).toMatchObject({ status: 200, body: 'well' });
  });
});

describe('the response to one user is not sent to another', () => {
  it.each(['/me;x.css', '/me.css', '/me/x.css', '/me%2Ex.css', '/me?x.css', '//me.css'])(
    'selected by %s',
    async (below) => {
      const { at } = gateway.resource((n) => ({ body: `page ${n}` }), '/mine');
      await at(below, bearer({ sub: 'alice' }));
      expect((await at(below, bearer({ sub: 'mallory' }))).body).toBe('page 2');
      expect((await at(below)).status).toBe(401);
    },
  );

  it.each(['public, max-age=60', 's-maxage=60', 'max-age=60', '', 'no-cache="set-cookie"', 'immutable'])(
    'nor confirmed by its ETag, with Cache-Control: %s',
    async (control) => {
      const headers = { etag: '"alice"', 'cache-control': control };
      const { get } = gateway.resource([{ headers, body: 'alice' }, { body: 'bob' }], '/mine');
      await get(bearer({ sub: 'alice' }));
      const bobs = await get({ ...bearer({ sub: 'bob' }), 'if-none-match': '"alice"' });
      expect(bobs).toMatchObject({ status: 200, body: 'bob' });
      expect(bobs.headers['etag']).toBeUndefined();
    },
  );
});

describe('a malformed upstream response does not affect later ones', () => {
  it.each([
    ['Vary', '__proto__, constructor, toString'],
    ['Vary', ' , ,'],
    ['Cache-Control', '__proto__=1, constructor, max-age=60'],
    ['Cache-Control', 'private="__proto__", max-age=60'],
    ['Cache-Control', `${'a="'.repeat(3_000)}, max-age=60`],
    ['CDN-Cache-Control', 'a=('.repeat(2_000)],
    ['CDN-Cache-Control', `a=(${'1 '.repeat(5_000)}`],
    ['Surrogate-Key', 'a '.repeat(5_000)],
    ['ETag', '"'.repeat(5_000)],
    ['Last-Modified', '0'.repeat(5_000)],
    ['Constructor', 'x'],
  ])('by its %s', async (name, value) => {
    const { get } = gateway.resource(() => ({ headers: { [name]: value } }));
    for (const _ of [1, 2, 3]) {
      expect(await get({ 'if-none-match': '"1"', constructor: '1' })).toMatchObject({ status: 200 });
    }
  });
});
