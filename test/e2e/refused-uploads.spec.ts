import { beforeEach, describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { SECRET } from '../support/tokens.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: private, match: { path: /private }, upstream: users }
  - { id: open, match: { path: /open, methods: [GET] }, upstream: users, auth: none }
`;
const REFUSED: [status: number, requestLine: string][] = [
  [401, 'POST /private'],
  [404, 'POST /nowhere'],
  [405, 'POST /open'],
  [400, 'POST /%00'],
];

const users = recording((_req, res) => void res.end('hello'));
const gw = gateway(YAML).withUpstream('users', users.handler).startOnce();
beforeEach(users.clear);

describe('a rejected upload', () => {
  it.each(REFUSED)('is answered with %i before its body arrives: %s', async (status, requestLine) => {
    const client = (await RawConnection.to(gw.url)).send(
      `${requestHead(requestLine, 'Content-Length: 99')}half`,
    );
    expect(answersIn(await client.until('"requestId"'))).toMatchObject([{ status }]);
    await client.ended();
    expect(users.requests).toHaveLength(0);
  });

  it.each(REFUSED)(
    'with %i leaves the connection to the next request after its body arrived: %s',
    async (status, requestLine) => {
      const body = 'GET /private HTTP/1.1\r\n\r\n'.repeat(40_000);
      const received = await raw(
        gw.url,
        `${requestHead(requestLine, `Content-Length: ${body.length}`)}${body}`,
        requestHead('GET /open', 'Connection: close'),
      );
      expect(answersIn(received)).toMatchObject([{ status }, { status: 200, body: 'hello' }]);
    },
  );
});
