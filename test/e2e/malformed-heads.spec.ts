import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { requestHead, notRefused } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

const get = (...fields: string[]) => requestHead('GET /users', ...fields);

const REQUESTS = {
  'a folded field': get('X-Fold: a', ' b'),
  'a field folded with a tab': get('X-Fold: a', '\tb'),
  'a fold before the first field': 'GET /users HTTP/1.1\r\n Host: gateway.test\r\n\r\n',
  'a blank before the colon': get('X-Blank : a'),
  'a tab before the colon': get('Content-Length\t: 0'),
  'a blank inside a name': get('X Blank: a'),
  'a line without a colon': get('X-Nothing'),
  'an empty name': get(': a'),
  'a bare LF after a field': 'GET /users HTTP/1.1\r\nHost: gateway.test\nX-A: b\r\n\r\n',
  'bare LFs only': 'GET /users HTTP/1.1\nHost: gateway.test\n\n',
  'a bare CR inside a value': get('X-Cr: a\rb'),
  'a bare CR before a name': get('X-Cr: a\rX-B: c'),
  'a NUL inside a value': get('X-Nul: a\0b'),
  'a NUL inside a name': get('X-N\0ul: a'),
  'a control character inside a value': get('X-Bell: \x07'),
  'a DEL inside a value': get('X-Del: a\x7fb'),
  'a name that only looks like framing': get('Transfer\x85-Encoding: chunked'),
  'a NUL inside the target': requestHead('GET /us\0ers'),
  'a blank inside the target': requestHead('GET /us ers'),
  'a tab inside the query': requestHead('GET /users?a=\tb'),
  'a form feed inside the query': requestHead('GET /users?a=\fb'),
  'a byte beyond ASCII in the query': requestHead('GET /users?a=Zo\xeb'),
  'a tab inside the path': requestHead('GET /us\ters'),
  'a method in lower case': requestHead('get /users'),
  'an unknown version': 'GET /users HTTP/1.9\r\nHost: gateway.test\r\n\r\n',
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'HTTP/0.9': 'GET /users\r\n\r\n',
  'the first bytes of TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
};

describe('a malformed request head', () => {
  it('is rejected, closes the connection and never reaches the upstream', async () => {
    const users = recording();
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    expect(await notRefused(gw.url, REQUESTS)).toEqual({});
    expect(users.requests).toHaveLength(0);
  });
});
