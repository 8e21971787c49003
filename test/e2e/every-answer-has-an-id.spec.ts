import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';

const YAML = `
server:
  headersTimeout: 200ms
  cors: { origins: [https://app.example.com] }
auth: { main: { secret: "0123456789abcdef0123456789abcdef", algorithms: [HS256] } }
upstreams:
  users: { url: "\${USERS_URL}" }
  down: { url: "http://127.0.0.1:1" }
routes:
  - { id: users, match: { path: /users/**, methods: [GET] }, upstream: users, auth: none }
  - { id: private, match: { path: /private }, upstream: users }
  - { id: down, match: { path: /down }, upstream: down, auth: none }
`;
const closing = (requestLine: string, ...fields: string[]) =>
  requestHead(requestLine, 'Connection: close', ...fields);

const REQUESTS: Record<string, [status: number, request: string]> = {
  'an answer of the upstream': [200, closing('GET /users/1')],
  'the health of the gateway': [200, closing('GET /health/live')],
  'a preflight': [
    204,
    closing('OPTIONS /users/1', 'Origin: https://app.example.com', 'Access-Control-Request-Method: GET'),
  ],
  'a path that is refused': [400, closing('GET /users/%2e%2e/x')],
  'a missing Host': [400, 'GET /users/1 HTTP/1.1\r\nConnection: close\r\n\r\n'],
  'what is not HTTP': [400, 'garbage\r\n\r\n'],
  'a missing token': [401, closing('GET /private')],
  'no route': [404, closing('GET /nowhere')],
  'another method': [405, closing('POST /users/1')],
  'the method CONNECT': [405, 'CONNECT users:80 HTTP/1.1\r\nHost: users:80\r\n\r\n'],
  'a head that never ends': [408, 'GET /users/1 HTTP/1.1\r\nHost: a'],
  'an unknown expectation': [417, closing('GET /users/1', 'Expect: a-miracle')],
  'a head that is too large': [431, closing('GET /users/1', `X-Large: ${'x'.repeat(20_000)}`)],
  'an upstream that is down': [502, closing('GET /down')],
};

describe('every response', () => {
  const gw = gateway(YAML)
    .withUpstream('users', (_req, res) => void res.end('hello'))
    .startOnce();

  it.each(Object.entries(REQUESTS))(
    'has a request id, repeated in its problem document: %s',
    async (_, [status, request]) => {
      const [answer] = answersIn(await raw(gw.url, request));
      expect(answer?.status).toBe(status);
      expect(answer?.headers['x-request-id']).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
      if (status < 400) return;
      expect(answer?.headers['content-type']).toEqual(['application/problem+json']);
      const [requestId] = answer!.headers['x-request-id']!;
      expect(JSON.parse(answer!.body)).toMatchObject({ status, requestId });
    },
  );
});
