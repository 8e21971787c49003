import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';

const BODY = 'Content-Length: 5\r\n\r\nhello';
const CHUNKS = 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';

const ANSWERS: Record<string, [method: string, status: string, answer: string]> = {
  'HEAD with a body': ['HEAD', '200', `HTTP/1.1 200 OK\r\n${BODY}`],
  'HEAD with chunks': ['HEAD', '200', `HTTP/1.1 200 OK\r\n${CHUNKS}`],
  '204 with a body': ['GET', '204', `HTTP/1.1 204 No Content\r\n${BODY}`],
  '204 with chunks': ['GET', '204', `HTTP/1.1 204 No Content\r\n${CHUNKS}`],
  '304 with a body': ['GET', '304', `HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n${BODY}`],
  '304 with chunks': ['GET', '304', `HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n${CHUNKS}`],
};

const users = rawUpstream();
const gw = gateway(ONE_ROUTE).withUpstream('users', users.server).startOnce();

describe('a response that cannot have a body', () => {
  it.each(Object.entries(ANSWERS))(
    'is sent without one, and the next request gets its own response: %s',
    async (_, each) => {
      const [method, status, answer] = each;
      users.answerWith(answer, ok('its own answer', 'Connection: close'));
      const received = await raw(
        gw.url,
        requestHead(`${method} /1`) + requestHead('GET /2', 'Connection: close'),
      );
      const [first, second, ...others] = received.split(/(?=HTTP\/1\.1 )/);
      expect(first).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(first?.endsWith('\r\n\r\n')).toBe(true);
      expect(second?.endsWith('its own answer')).toBe(true);
      expect(others).toEqual([]);
    },
  );

  it('keeps the Content-Length of a HEAD', async () => {
    users.answerWith('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n');
    const response = await gw.fetch('/1', { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('1234');
  });

  it('has no framing with status 204', async () => {
    users.answerWith('HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n');
    const received = await raw(gw.url, requestHead('GET /1', 'Connection: close'));
    expect(received).not.toMatch(/content-length|transfer-encoding/i);
  });
});
