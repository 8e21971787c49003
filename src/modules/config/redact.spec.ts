import { expect, it } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { redactedJson } from './redact.js';

it('shows the values of a configuration, and none that may be a secret', () => {
  const config = configOf(`
management: { token: a-private-management-token }
redis: { url: "redis://private-user:private-password@redis:6379/1" }
auth:
  main: { secret: "a private text of more than thirty-two bytes", algorithms: [HS256] }
plugins:
  keys: { options: { signingKey: private-signing, nested: [{ passphrase: private-phrase }], pwd: private-pwd, auth: private-auth, pin: { token: 6789 }, credentials: { user: private-user }, header: X-A } }
upstreams:
  users:
    url: http://users:3001
    fallback: { response: { status: 503, headers: { x-key: private-header } } }
routes:
  - id: users
    match: { path: /users/**, headers: { x-beta: private-beta } }
    upstream: users
    headers: { request: { set: { x-api-key: private-key } }, response: { set: { x-other: private-other } } }`);
  const shown = redactedJson(config);
  expect(shown).not.toMatch(/private|6789/);
  expect(JSON.parse(shown)).toMatchObject({
    management: { token: '***' },
    redis: { url: 'redis://***@redis:6379/1' },
    auth: { main: { secret: '***', algorithms: ['HS256'] } },
    plugins: { keys: { options: { signingKey: '***', header: 'X-A' }, timeout: 1_000 } },
    upstreams: { users: { targets: [{ url: 'http://users:3001' }], timeout: 3_000 } },
    routes: [
      {
        id: 'users',
        match: { path: '/users/**', headers: { 'x-beta': '***' } },
        headers: { request: { set: { 'x-api-key': '***' } } },
      },
    ],
  });
});
