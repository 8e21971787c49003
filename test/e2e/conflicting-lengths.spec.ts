import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { requestHead, notRefused } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

const SMUGGLED = 'GET /admin HTTP/1.1\r\nHost: gateway.test\r\n\r\n';
const post = (...fields: string[]) => requestHead('POST /users', ...fields);

const REQUESTS = {
  'a length, then a transfer coding': `${post('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n${SMUGGLED}`,
  'a transfer coding, then a length': `${post('Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n${SMUGGLED}`,
  'a length of 0 beside a transfer coding': `${post('Content-Length: 0', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  'two different lengths': `${post('Content-Length: 0', 'Content-Length: 45')}${SMUGGLED}`,
  'two equal lengths': `${post('Content-Length: 5', 'Content-Length: 5')}hello`,
  'a list of lengths': `${post('Content-Length: 5, 5')}hello`,
  'a length with a plus': `${post('Content-Length: +5')}hello`,
  'a negative length': post('Content-Length: -5'),
  'a length with an exponent': `${post('Content-Length: 5e0')}hello`,
  'a hexadecimal length': `${post('Content-Length: 0x5')}hello`,
  'a length with a fraction': `${post('Content-Length: 5.0')}hello`,
  'a length with a blank inside': `${post('Content-Length: 1 0')}hello`,
  'a length above 64 bits': `${post('Content-Length: 18446744073709551621')}hello`,
  'an empty length': post('Content-Length: '),
  'a length that is a word': post('Content-Length: chunked'),
};

describe('a request with ambiguous framing', () => {
  it('is rejected, closes the connection and never reaches the upstream', async () => {
    const users = recording();
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    expect(await notRefused(gw.url, REQUESTS)).toEqual({});
    expect(users.requests).toHaveLength(0);
  });
});
