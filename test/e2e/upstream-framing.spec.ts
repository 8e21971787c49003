import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ONE_ROUTE_NO_BREAKER } from '../support/one-route.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';

const answer = (...fields: string[]) => ['HTTP/1.1 200 OK', ...fields, '', ''].join('\r\n');
const CHUNKED = '5\r\nhello\r\n0\r\n\r\n';

const ANSWERS = {
  'the transfer coding `,chunked`': answer('Transfer-Encoding: ,chunked') + CHUNKED,
  'the transfer coding `chunked` and a tab': answer('Transfer-Encoding: chunked\t') + CHUNKED,
  'the transfer coding `chunked, chunked`': answer('Transfer-Encoding: chunked, chunked') + CHUNKED,
  'the transfer coding `gzip, chunked`': answer('Transfer-Encoding: gzip, chunked') + CHUNKED,
  'the transfer coding `identity`': `${answer('Transfer-Encoding: identity', 'Connection: close')}hello`,
  'an empty transfer coding': answer('Transfer-Encoding: ') + CHUNKED,
  'two transfer codings': answer('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + CHUNKED,
  'a length beside a transfer coding': answer('Transfer-Encoding: chunked', 'Content-Length: 5') + CHUNKED,
  'a transfer coding after a length': answer('Content-Length: 5', 'Transfer-Encoding: chunked') + CHUNKED,
  'two different lengths': `${answer('Content-Length: 5', 'Content-Length: 11')}hello world`,
  'a list of lengths': `${answer('Content-Length: 5, 11')}hello world`,
  'a negative length': `${answer('Content-Length: -5')}hello`,
  'a length with a plus': `${answer('Content-Length: +5')}hello`,
  'a hexadecimal length': `${answer('Content-Length: 0x5')}hello`,
  'an empty length': `${answer('Content-Length: ')}hello`,
  'a length above 64 bits': `${answer('Content-Length: 18446744073709551621')}hello`,
};

const users = rawUpstream();
const gw = gateway(ONE_ROUTE_NO_BREAKER).withUpstream('users', users.server).startOnce();

describe('a response with ambiguous framing', () => {
  it.each(Object.entries(ANSWERS))('gets a 502 when it has %s', async (_, bytes) => {
    users.answerWith(bytes, ok('its own answer', 'Connection: close'));
    const response = await gw.fetch('/1');
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: 'upstream_malformed', upstream: 'users' });

    const next = await gw.fetch('/2');
    expect(await next.text()).toBe('its own answer');
    expect(users.connections).toBe(2);
  });
});
