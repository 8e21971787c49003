import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { rawUpstream } from '../support/raw-upstream.js';

const withTrailers = (...trailers: string[]) =>
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n${trailers.map((each) => `${each}\r\n`).join('')}\r\n`;

const users = rawUpstream();
const gw = gateway(ONE_ROUTE).withUpstream('users', users.server).startOnce();

async function received(answer: string, request: string): Promise<string> {
  users.answerWith(Buffer.from(answer, 'latin1'));
  return raw(gw.url, request);
}

describe('trailers of a response', () => {
  it('follow its body', async () => {
    const answer = withTrailers('X-Checksum: abc', 'Grpc-Status: 0');
    const text = await received(answer, requestHead('GET /1', 'Connection: close'));
    const [head, ...rest] = text.split('\r\n\r\n');
    expect(head).not.toMatch(/checksum|grpc/i);
    expect(rest.join('\r\n\r\n').toLowerCase()).toBe(
      '5\r\nhello\r\n0\r\nx-checksum: abc\r\ngrpc-status: 0\r\n\r\n',
    );
  });

  it('are dropped when they belong in the head', async () => {
    const bad = ['Set-Cookie: a=b', 'Host: a', 'Authorization: x'];
    const text = await received(
      withTrailers(...bad, 'X-Fine: 1'),
      requestHead('GET /1', 'Connection: close'),
    );
    expect(text).not.toMatch(/a=b|content-length|authorization|transfer-encoding: x/i);
    expect(text.toLowerCase().endsWith('0\r\nx-fine: 1\r\n\r\n')).toBe(true);
  });

  it.each([
    ['Content-Length', 'Content-Length: 5'],
    ['a wrong Content-Length', 'Content-Length: 99'],
    ['two of Content-Length', 'Content-Length: 5\r\nContent-Length: 99'],
    ['Content-Length before others', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\nX-Checksum: abc'],
    ['Content-Length behind others', 'X-Checksum: abc\r\nTransfer-Encoding: gzip\r\nContent-Length: 5'],
    ['Transfer-Encoding', 'Transfer-Encoding: chunked'],
    ['Connection', 'Connection: X-Checksum'],
    ['Trailer', 'Trailer: X-Checksum'],
  ])('are dropped when they frame a message, and the response is complete: %s', async (_, trailer) => {
    const text = await received(withTrailers(trailer), requestHead('GET /1', 'Connection: close'));
    const [head, ...rest] = text.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(rest).toEqual(['5\r\nhello\r\n0', '']);
  });

  it('keep bytes beyond ASCII', async () => {
    const odd = Buffer.from('J\u00fcrgen \u2603').toString('latin1');
    const text = await received(withTrailers(`X-Name: ${odd}`), requestHead('GET /1', 'Connection: close'));
    expect(text.endsWith(`0\r\nx-name: ${odd}\r\n\r\n`)).toBe(true);
  });

  it('never reach an HTTP/1.0 client', async () => {
    const text = await received(withTrailers('X-Checksum: abc'), 'GET /1 HTTP/1.0\r\n\r\n');
    expect(text.endsWith('\r\n\r\nhello')).toBe(true);
    expect(text).not.toMatch(/checksum/i);
  });

  it('are announced as by the upstream, except for dropped ones', async () => {
    const answer = withTrailers('X-Checksum: abc').replace(
      '\r\n',
      '\r\nTrailer: X-Checksum, Set-Cookie,Content-Length,, X-User-Id\r\ntrailer: grpc-status\r\n',
    );
    const text = await received(answer, requestHead('GET /1', 'TE: trailers', 'Connection: TE, close'));
    expect(text.split('\r\n\r\n')[0]?.match(/^trailer: .*/gim)).toEqual(['Trailer: x-checksum, grpc-status']);
    expect(text.toLowerCase().endsWith('0\r\nx-checksum: abc\r\n\r\n')).toBe(true);
  });

  it('are not announced when none of them is forwarded', async () => {
    const answer = withTrailers('Set-Cookie: a=b').replace('\r\n', '\r\nTrailer: Set-Cookie\r\n');
    const text = await received(answer, requestHead('GET /1', 'Connection: close'));
    expect(text).not.toMatch(/trailer|set-cookie/i);
    expect(text.endsWith('hello\r\n0\r\n\r\n')).toBe(true);
  });

  it.each([
    ['a client of HTTP/1.0', 'GET /1 HTTP/1.0\r\n\r\n', withTrailers('X-Checksum: abc'), 'hello'],
    [
      'a HEAD',
      requestHead('HEAD /1', 'Connection: close'),
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      '',
    ],
    [
      'an answer of a known length',
      requestHead('GET /1', 'Connection: close'),
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
      'hello',
    ],
    [
      'a 304',
      requestHead('GET /1', 'Connection: close'),
      'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
      '',
    ],
  ])('are not announced in %s, which cannot have any', async (_, request, answer, body) => {
    const text = await received(answer.replace('\r\n', '\r\nTrailer: X-Checksum\r\n'), request);
    expect(text).toMatch(/^HTTP\/1\.1 (200|304) /);
    expect(text).not.toMatch(/trailer|checksum/i);
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(body);
  });

  it('are not stored in the cache', async () => {
    const answer = withTrailers('X-Checksum: abc').replace(
      '\r\n',
      '\r\nTrailer: X-Checksum\r\nCache-Control: max-age=60\r\n',
    );
    const { server } = rawUpstream(answer);
    const gw = await gateway(ONE_ROUTE.replace('match:', 'cache: { per: public }, match:'))
      .withUpstream('users', server)
      .start();
    const ask = () => raw(gw.url, requestHead('GET /1', 'Connection: close'));
    expect((await ask()).toLowerCase().endsWith('x-checksum: abc\r\n\r\n')).toBe(true);
    const text = await ask();
    expect(answersIn(text)).toMatchObject([
      { status: 200, body: 'hello', headers: { age: [expect.any(String)] } },
    ]);
    expect(text).not.toMatch(/trailer|checksum/i);
  });
});
