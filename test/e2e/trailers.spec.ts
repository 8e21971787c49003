import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { rawUpstream } from '../support/raw-upstream.js';

const withTrailers = (...trailers: string[]) =>
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n${trailers.map((each) => `${each}\r\n`).join('')}\r\n`;

async function received(answer: string, request: string): Promise<string> {
  const gw = await gateway(ONE_ROUTE).withUpstream('users', rawUpstream(answer).server).start();
  return raw(gw.url, request);
}

describe('trailers of an answer', () => {
  it('follow its body', async () => {
    const answer = withTrailers('X-Checksum: abc', 'Grpc-Status: 0');
    const text = await received(answer, requestHead('GET /1', 'Connection: close'));
    const [head, ...rest] = text.split('\r\n\r\n');
    expect(head).not.toMatch(/checksum|grpc/i);
    expect(rest.join('\r\n\r\n').toLowerCase()).toBe(
      '5\r\nhello\r\n0\r\nx-checksum: abc\r\ngrpc-status: 0\r\n\r\n',
    );
  });

  it('that belong in a head are dropped', async () => {
    const bad = ['Set-Cookie: a=b', 'Host: a', 'Authorization: x'];
    const text = await received(
      withTrailers(...bad, 'X-Fine: 1'),
      requestHead('GET /1', 'Connection: close'),
    );
    expect(text).not.toMatch(/a=b|content-length|authorization|transfer-encoding: x/i);
    expect(text.toLowerCase().endsWith('0\r\nx-fine: 1\r\n\r\n')).toBe(true);
  });

  it('never reach an HTTP/1.0 client', async () => {
    const text = await received(withTrailers('X-Checksum: abc'), 'GET /1 HTTP/1.0\r\n\r\n');
    expect(text.endsWith('\r\n\r\nhello')).toBe(true);
    expect(text).not.toMatch(/checksum/i);
  });
});
