import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';

const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

const SHORT_TIMEOUT = `
upstreams: { users: { url: "\${USERS_URL}", timeout: 300ms } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;

describe('interim responses of an upstream', () => {
  it.each([
    ['103 Early Hints', HINTS],
    ['102 Processing', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['100 Continue', CONTINUE],
    ['100 Continue among others', HINTS + CONTINUE + HINTS],
    ['many of them', (HINTS + CONTINUE).repeat(1_000)],
  ])('are followed by the final response: %s', async (_, interim) => {
    const users = rawUpstream(interim + ok('hello'));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    const received = await raw(gw.url, requestHead('GET /1', 'Connection: close'));
    expect(answersIn(received)).toMatchObject([{ status: 200, body: 'hello' }]);
  });

  it('are dropped on a connection that is used again, when they are an unasked 100 Continue', async () => {
    const users = rawUpstream(CONTINUE + ok(CONTINUE));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    for (let i = 0; i < 3; i++) {
      const response = await gw.fetch('/1', { method: 'POST', body: 'hello' });
      expect([response.status, await response.text()]).toEqual([200, CONTINUE]);
    }
    expect(users.connections).toBe(1);
  });

  it('are dropped whole when they arrive in pieces', async () => {
    const users = rawUpstream((socket) => {
      socket.setNoDelay().write(CONTINUE.slice(0, 11));
      setImmediate(() => socket.write(CONTINUE.slice(11) + ok('hello')));
    });
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    expect(await (await gw.fetch('/1')).text()).toBe('hello');
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
