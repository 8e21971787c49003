import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';

const users = rawUpstream();
const gw = gateway(ONE_ROUTE).withUpstream('users', users.server).startOnce();

async function headersFor(...upstreamFields: string[]) {
  users.answerWith(ok('hello', ...upstreamFields));
  const [answer] = answersIn(await raw(gw.url, requestHead('GET /1', 'Connection: close')));
  expect(answer).toMatchObject({ status: 200, body: 'hello' });
  return answer!.headers;
}

describe('the headers of a response', () => {
  it('reach the client as the upstream sent them', async () => {
    const headers = await headersFor(
      'Content-Type: text/plain; charset=utf-8',
      'ETag: W/"1"',
      'Date: Mon, 01 Jan 2024 00:00:00 GMT',
      'Location: http://10.0.0.1/elsewhere',
      'X-Empty:',
      'X-Quoted: "a, b"',
    );
    expect(headers).toMatchObject({
      'content-type': ['text/plain; charset=utf-8'],
      etag: ['W/"1"'],
      date: ['Mon, 01 Jan 2024 00:00:00 GMT'],
      location: ['http://10.0.0.1/elsewhere'],
      'x-empty': [''],
      'x-quoted': ['"a, b"'],
    });
  });

  it('can be repeated', async () => {
    const cookies = ['a=1; Path=/', 'b=2; HttpOnly', 'c="x, y"; Expires=Wed, 21 Oct 2026 07:28:00 GMT'];
    const headers = await headersFor(
      ...cookies.map((each) => `Set-Cookie: ${each}`),
      'Link: <a>',
      'Link: <b>',
    );
    expect(headers['set-cookie']).toEqual(cookies);
    expect(headers['link']).toEqual(['<a>', '<b>']);
  });

  it('do not include hop-by-hop fields of the upstream', async () => {
    const headers = await headersFor(
      'Connection: keep-alive, X-Mine , x-ALSO',
      'X-Mine: a',
      'X-Also: b',
      'Keep-Alive: timeout=99',
      'Proxy-Connection: keep-alive',
      'Proxy-Authenticate: Basic',
      'Upgrade: h2c',
      'Trailer: X-Later',
    );
    const leaked = ['x-mine', 'x-also', 'proxy-connection', 'proxy-authenticate', 'upgrade', 'trailer'];
    expect(leaked.filter((name) => name in headers)).toEqual([]);
    expect(headers).toMatchObject({ connection: ['close'] });
    expect(headers['keep-alive']).not.toEqual(['timeout=99']);
  });

  it('keep fields that protect the response, even if `Connection` names them', async () => {
    const headers = await headersFor(
      'Connection: Set-Cookie, Cache-Control, Vary, Content-Length, X-Request-Id',
      'Set-Cookie: a=1',
      'Cache-Control: private',
      'Vary: Cookie',
    );
    expect(headers).toMatchObject({
      'set-cookie': ['a=1'],
      'cache-control': ['private'],
      vary: ['Cookie'],
      'content-length': ['5'],
      'x-request-id': [expect.any(String)],
    });
  });

  it('do not include fields that only the gateway sets', async () => {
    const headers = await headersFor('Breakwater-Fallback: stale', 'X-Request-Id: forged');
    expect(headers).not.toHaveProperty('breakwater-fallback');
    expect(headers['x-request-id']).not.toContain('forged');
  });

  it('pass on redirects, which are not followed', async () => {
    users.answerWith('HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n');
    const response = await gw.fetch('/1', { redirect: 'manual' });
    expect({ status: response.status, location: response.headers.get('location') }).toEqual({
      status: 302,
      location: '/elsewhere',
    });
    expect(users.received.match(/^GET /gm)).toHaveLength(1);
  });
});

describe('the status of a response', () => {
  it.each([200, 203, 299, 418, 451, 507, 599])('is that of the upstream: %i', async (status) => {
    users.answerWith(`HTTP/1.1 ${status} Whatever\r\nContent-Length: 5\r\n\r\nhello`);
    const received = await raw(gw.url, requestHead('GET /1', 'Connection: close'));
    expect(answersIn(received)).toMatchObject([{ status, body: 'hello' }]);
  });
});
