import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { recording } from '../support/recording.js';

const YAML = `
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users, cache: {} }]
`;

async function start() {
  const users = recording(
    (req, res) => void req.resume().on('end', () => res.end(String(users.requests.length))),
  );
  const gw = await gateway(YAML).withUpstream('users', users.handler).start();
  const get = async (...fields: string[]) =>
    answersIn(await raw(gw.url, requestHead('GET /1', 'Connection: close', ...fields)))[0];
  return { users, gw, get };
}

describe('a stored response', () => {
  it.each([
    ['Cache-Control: no-store', 'Breakwater; fwd=bypass'],
    ['If-Match: "1"', 'Breakwater; fwd=bypass'],
    ['X-HTTP-Method: DELETE', 'Breakwater; fwd=bypass'],
    ['X-Method-Override: DELETE', 'Breakwater; fwd=bypass'],
    ['X-Host: evil.test', 'Breakwater; fwd=bypass'],
    ['X-HTTP-Host-Override: evil.test', 'Breakwater; fwd=bypass'],
    ['X-Original-Host: evil.test', 'Breakwater; fwd=bypass'],
    ['Cache-Control: no-cache', 'Breakwater; fwd=request'],
    ['Cache-Control: max-age=0', 'Breakwater; fwd=request'],
    ['Pragma: no-cache', 'Breakwater; fwd=request'],
  ])('is not used for a request with %s', async (field, status) => {
    const { get } = await start();
    expect(await get()).toMatchObject({ body: '1' });
    expect(await get(field)).toMatchObject({ body: '2', headers: { 'cache-status': [status] } });
  });

  it.each([
    ['a length', 'Content-Length: 5', 'hello'],
    ['chunks', 'Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
  ])('is neither used for nor stored from a request with a body of %s', async (_, field, body) => {
    const { gw, get } = await start();
    const withBody = async () =>
      answersIn(await raw(gw.url, requestHead('GET /1', 'Connection: close', field) + body))[0];
    expect(await withBody()).toMatchObject({ status: 200, body: '1' });
    expect(await get()).toMatchObject({ body: '2' });
    expect(await withBody()).toMatchObject({ body: '3' });
  });

  it.each([
    'Cache-Control: no-store',
    'If-Match: "1"',
    'If-Unmodified-Since: Sun, 01 Nov 2026 12:00:00 GMT',
    'X-HTTP-Method: DELETE',
  ])('is not stored from a request with %s', async (field) => {
    const { get } = await start();
    expect(await get(field)).toMatchObject({ body: '1' });
    expect(await get()).toMatchObject({ body: '2' });
  });

  it('is replaced by the response to a no-cache request', async () => {
    const { get } = await start();
    expect(await get()).toMatchObject({ body: '1' });
    expect(await get('Cache-Control: no-cache')).toMatchObject({ body: '2' });
    expect(await get()).toMatchObject({ body: '2' });
  });

  it('is not used for other methods', async () => {
    const { gw, get } = await start();
    expect(await get()).toMatchObject({ body: '1' });
    for (const method of ['POST', 'OPTIONS']) {
      const response = await gw.fetch('/1', { method });
      expect(response.headers.get('cache-status')).toBe('Breakwater; fwd=method');
    }
  });

  it('is not selected by headers that override the method or URL', async () => {
    const { get } = await start();
    expect(await get('X-HTTP-Method-Override: POST', 'X-Original-URL: /admin')).toMatchObject({ body: '1' });
    expect(await get()).toMatchObject({ body: '1' });
  });
});
