import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';

const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n';

const SHORT_TIMEOUT = `
upstreams: { users: { url: "\${USERS_URL}", timeout: 300ms } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;

describe('interim responses of an upstream', () => {
  it.each([
    ['103 Early Hints', HINTS],
    ['102 Processing', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['many of them', HINTS.repeat(1_000)],
  ])('are followed by the final response: %s', async (_, interim) => {
    const users = rawUpstream(interim + ok('hello'));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    const received = await raw(gw.url, requestHead('GET /1', 'Connection: close'));
    expect(answersIn(received)).toMatchObject([{ status: 200, body: 'hello' }]);
  });

  // undici closes the connection before any handler learns of it (`statusCode === 100` in its `client-h1.js`) and has no
  // option against it. When this test fails, undici was fixed, and the response should be the 200.
  it('cause a 502 when they are an unasked 100 Continue, a limit of undici', async () => {
    const users = rawUpstream(`HTTP/1.1 100 Continue\r\n\r\n${ok('hello')}`);
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    const response = await gw.fetch('/1');
    expect([response.status, await response.json()]).toMatchObject([502, { code: 'upstream_reset' }]);
  });

  it('do not extend the deadline', async () => {
    const users = rawUpstream((socket) => {
      const timer = setInterval(() => socket.write(HINTS), 20);
      socket.on('close', () => clearInterval(timer));
    });
    const gw = await gateway(SHORT_TIMEOUT).withUpstream('users', users.server).start();
    expect((await gw.fetch('/1')).status).toBe(504);
  });
});
