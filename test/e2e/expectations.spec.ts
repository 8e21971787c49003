import type { IncomingMessage } from 'node:http';
import { Controller, Module, Post, Req } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, collectBody, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

const EXPECT = 'Expect: 100-continue';

const REFUSING = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams:
  users: { url: "\${USERS_URL}" }
  down: { url: "http://127.0.0.1:1", breaker: { consecutiveFailures: 1, openFor: 1m } }
routes:
  - { id: users, match: { path: /users/** }, upstream: users }
  - { id: public, match: { path: /public, methods: [POST] }, upstream: users, auth: none, maxBodyBytes: 9B }
  - { id: down, match: { path: /down }, upstream: down, auth: none }
`;

@Controller('code')
class ReadingController {
  @Post()
  async read(@Req() req: IncomingMessage): Promise<string> {
    return (await collectBody(req)).toString();
  }
}

@Module({ controllers: [ReadingController] })
class ReadingModule {}

describe('Expect: 100-continue', () => {
  it('is answered once with 100 Continue and not forwarded', async () => {
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

  it('is answered only when the body is about to be read', async () => {
    const users = recording();
    const gw = await gateway(ONE_ROUTE.replace('url:', 'pool: { connections: 1 }, url:'))
      .withUpstream('users', (req, res) => {
        if (req.url === '/held') users.requests.push(req);
        else users.handler(req, res);
      })
      .start();
    const [first, second] = [await RawConnection.to(gw.url), await RawConnection.to(gw.url)];
    first.send(requestHead('GET /held'));
    const [held] = await until('the only connection is taken', () => users.requests[0] && users.requests);
    second.send(requestHead('POST /1', EXPECT, 'Content-Length: 5', 'Connection: close'));
    // Once this request is answered, the head above was read.
    await raw(gw.url, requestHead('GET /nowhere/../..', 'Connection: close'));
    expect(second.received).toBe('');
    held?.socket.destroy();
    expect(await second.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    second.send('hello');
    await second.ended();
    expect(answersIn(second.received)).toMatchObject([{ status: 100 }, { status: 200 }]);
  });

  it.each([
    ['no route', 'POST /nowhere', 404],
    ['no token', 'POST /users/1', 401],
    ['too long a body', 'POST /public', 413],
    ['another method', 'DELETE /public', 405],
    ['an open breaker', 'POST /down', 503],
  ])('is answered with the final status when the request is rejected: %s', async (_, line, status) => {
    const users = recording();
    const gw = await gateway(REFUSING).withUpstream('users', users.handler).start();
    expect((await gw.fetch('/down')).status).toBe(502);
    const client = await RawConnection.to(gw.url);
    client.send(requestHead(line, EXPECT, 'Content-Length: 999'));
    // The connection is closed, since it is unknown whether a body follows.
    expect(await client.ended()).toBe('closed');
    expect(answersIn(client.received)).toMatchObject([{ status, headers: { connection: ['close'] } }]);
    expect(users.requests).toHaveLength(0);
  });

  it("is answered when a user's controller reads the body", async () => {
    const gw = await gateway('upstreams: {}\nroutes: []').withModule(ReadingModule).start();
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('POST /code', EXPECT, 'Content-Length: 5', 'Connection: close'));
    await client.until('100 Continue');
    client.send('hello');
    await client.ended();
    expect(answersIn(client.received)).toMatchObject([{ status: 100 }, { status: 201, body: 'hello' }]);
  });

  it('is ignored for an HTTP/1.0 client', async () => {
    const gw = await gateway(ONE_ROUTE).withUpstream('users', recording().handler).start();
    const received = await raw(gw.url, `POST /1 HTTP/1.0\r\n${EXPECT}\r\nContent-Length: 5\r\n\r\nhello`);
    expect(received).toMatch(/^HTTP\/1\.1 200 /);
  });
});
