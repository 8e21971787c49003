import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';

const EXPECT = 'Expect: 100-continue';

describe('Expect', () => {
  it('is met once with 100 Continue, and never forwarded', async () => {
    const users = recording();
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('POST /1', EXPECT, 'Content-Length: 5', 'Connection: close'));
    expect(await client.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hello');
    await client.ended();
    expect(answersIn(client.received)).toMatchObject([{ status: 100 }, { status: 200 }]);
    expect(client.received).toContain('"body":"hello"');
    expect(users.requests[0]?.headers).not.toHaveProperty('expect');
  });

  it.each([
    ['without a body', requestHead('GET /1', EXPECT)],
    ['of a GET with a body', `${requestHead('GET /1', EXPECT, 'Content-Length: 5')}hello`],
    ['of a GET with chunks', `${requestHead('GET /1', EXPECT, 'Transfer-Encoding: chunked')}0\r\n\r\n`],
    ['of a POST that does not wait', `${requestHead('POST /1', EXPECT, 'Content-Length: 5')}hello`],
  ])('%s does not confuse the next request', async (_, first) => {
    const users = recording((req, res) => void req.resume().on('end', () => res.end(req.url)));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    const received = await raw(gw.url, first + requestHead('GET /2', 'Connection: close'));
    const answers = answersIn(received).filter(({ status }) => status !== 100);
    expect(answers).toMatchObject([
      { status: 200, body: '/1' },
      { status: 200, body: '/2' },
    ]);
    expect(users.requests).toHaveLength(2);
  });

  it('is nothing an HTTP/1.0 client can have', async () => {
    const gw = await gateway(ONE_ROUTE).withUpstream('users', recording().handler).start();
    const received = await raw(gw.url, `POST /1 HTTP/1.0\r\n${EXPECT}\r\nContent-Length: 5\r\n\r\nhello`);
    expect(received).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('of anything else is a 417', async () => {
    const users = recording();
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    const received = await raw(gw.url, requestHead('GET /1', 'Expect: a-miracle', 'Connection: close'));
    const [answer, ...others] = answersIn(received);
    expect(others).toEqual([]);
    expect(answer).toMatchObject({ status: 417, headers: { 'content-type': ['application/problem+json'] } });
    expect(JSON.parse(answer!.body)).toMatchObject({ status: 417, code: 'expectation_failed' });
    expect(users.requests).toHaveLength(0);
  });
});
