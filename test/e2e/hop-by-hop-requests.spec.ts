import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

const users = recording();
const gw = gateway(ONE_ROUTE).withUpstream('users', users.handler).startOnce();

async function received(request: string) {
  users.clear();
  await raw(gw.url, request);
  const [first, ...others] = users.requests;
  expect(others).toEqual([]);
  return first!;
}

describe('hop-by-hop headers of a request', () => {
  it('are not forwarded, nor are the fields that `Connection` names', async () => {
    const { headers } = await received(
      requestHead(
        'GET /1',
        'Connection: close, X-Mine , x-ALSO',
        'Connection: X-Second-Line',
        'X-Mine: a',
        'X-Also: b',
        'X-Second-Line: c',
        'Keep-Alive: timeout=5',
        'Proxy-Connection: keep-alive',
        'Proxy-Authorization: Basic YTpi',
        'TE: trailers',
        'Trailer: X-Later',
        'X-Not-Named: stays',
      ),
    );
    for (const name of ['x-mine', 'x-also', 'x-second-line', 'keep-alive', 'te', 'trailer']) {
      expect.soft(headers, name).not.toHaveProperty(name);
    }
    expect(headers).not.toHaveProperty('proxy-connection');
    expect(headers).not.toHaveProperty('proxy-authorization');
    expect(headers).toMatchObject({ 'x-not-named': 'stays', connection: 'keep-alive' });
  });

  it.each(['h2c', 'websocket', 'TLS/1.2'])('include the upgrade to %s', async (protocol) => {
    const { headers, httpVersion } = await received(
      requestHead(
        'GET /1',
        `Upgrade: ${protocol}`,
        'Connection: close, Upgrade, HTTP2-Settings',
        'HTTP2-Settings: AAMAAABkAAQAAP__',
      ),
    );
    expect(headers).not.toHaveProperty('upgrade');
    expect(headers).not.toHaveProperty('http2-settings');
    expect({ connection: headers.connection, httpVersion }).toEqual({
      connection: 'keep-alive',
      httpVersion: '1.1',
    });
  });

  it('never include fields that protect the request, even if `Connection` names them', async () => {
    const named = 'Authorization, Cookie, Host, Cache-Control, X-Forwarded-For, X-Request-Id, Via';
    const { headers } = await received(
      requestHead(
        'GET /1',
        `Connection: close, ${named}`,
        'Authorization: Basic YTpi',
        'Cookie: session=1',
        'Cache-Control: no-store',
      ),
    );
    expect(headers).toMatchObject({
      authorization: 'Basic YTpi',
      cookie: 'session=1',
      host: expect.stringMatching(/^127\.0\.0\.1:/),
      'cache-control': 'no-store',
      'x-forwarded-for': '127.0.0.1',
      'x-request-id': expect.any(String),
      via: expect.stringContaining('breakwater'),
    });
  });

  it('never include the framing of the body, even if `Connection` names it', async () => {
    const named = 'Connection: close, Content-Length, Transfer-Encoding';
    const request = await received(`${requestHead('POST /1', named, 'Content-Length: 5')}hello`);
    expect(request.headers).toMatchObject({ 'content-length': '5' });
    expect(request.headers).not.toHaveProperty('transfer-encoding');
  });

  it.each(['Content_Length: 99', 'Transfer_Encoding: chunked', 'Transfer-Encoding_: x', 'Te_: a'])(
    'are not forwarded when spelled with underscores: %s',
    async (field) => {
      const { rawHeaders } = await received(
        `${requestHead('POST /1', 'Connection: close', 'Content-Length: 5', field)}hello`,
      );
      const framing = rawHeaders.filter((each) => /^(content.length|transfer.encoding)$/i.test(each));
      expect(framing.map((each) => each.toLowerCase())).toEqual(['content-length']);
    },
  );
});
