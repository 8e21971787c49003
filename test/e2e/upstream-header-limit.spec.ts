import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';

/** One failure opens the breaker, and only connections that fail are retried. */
const YAML = `
upstreams:
  users: { url: "\${USERS_URL}", breaker: { consecutiveFailures: 1 }, retry: { attempts: 1 } }
  roomy: { url: "\${USERS_URL}", maxHeaderBytes: 64KiB }
routes:
  - { id: users, match: { path: /users }, upstream: users }
  - { id: roomy, match: { path: /roomy }, upstream: roomy }
`;
const KIB = 1024;
const large = (bytes: number) => `X-Large: ${'x'.repeat(bytes)}`;

const users = rawUpstream();
const gw = gateway(YAML).withUpstream('users', users.server).startOnce();

describe('a response head', () => {
  it.each([
    ['below 32 KiB', '/users', 31 * KIB],
    ['below the configured limit', '/roomy', 63 * KIB],
  ])('%s reaches the client', async (_, path, bytes) => {
    users.answerWith(ok('hello', large(bytes)));
    const received = await raw(gw.url, requestHead(`GET ${path}`, 'Connection: close'));
    expect(answersIn(received)).toMatchObject([{ status: 200, body: 'hello' }]);
  });

  it.each([
    ['in one field', ok('', large(33 * KIB))],
    ['in many fields', `HTTP/1.1 200 OK\r\n${'X-More: and more\r\n'.repeat(10_000)}`],
  ])('above the limit is a 502 that names it, is not retried and opens no breaker: %s', async (_, answer) => {
    users.answerWith(answer);
    for (const method of ['POST', 'GET']) {
      const response = await gw.fetch('/users', { method });
      expect([response.status, await response.json()]).toMatchObject([
        502,
        { code: 'upstream_headers_too_large', detail: 'The limit is upstreams.users.maxHeaderBytes.' },
      ]);
    }
    expect(users.received.match(/ HTTP\/1\.1\r\n/g)).toHaveLength(2);
    users.answerWith(ok('hello'));
    expect(await (await gw.fetch('/users')).text()).toBe('hello');
  });
});
