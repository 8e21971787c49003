import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

/** Headers by which a client could pose as another user. */
const IDENTITY = ['X-User-Id', 'X-USER-SCOPES', 'x-user-anything', 'X-JWT-Sub', 'x-jwt-claim-role'];
const withUnderscores = (names: string[]) => [
  ...names.map((name) => name.replaceAll('-', '_')),
  ...names.map((name) => name.replace('-', '_')),
];

const users = recording();
const trusting = gateway(`server: { trustProxy: [127.0.0.1] }\n${ONE_ROUTE}`)
  .withUpstream('users', users.handler)
  .startOnce();

it('removes identity headers of a trusted proxy, in any spelling', async () => {
  const sent = [...IDENTITY, ...withUnderscores(IDENTITY)];
  await raw(
    trusting.url,
    requestHead('GET /1', 'Connection: close', ...sent.map((name) => `${name}: forged`)),
  );
  expect(users.requests[0]?.rawHeaders).not.toContain('forged');
});
