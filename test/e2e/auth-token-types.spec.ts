import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';

const start = (option: string) =>
  gateway(`
auth: { main: { secret: "${SECRET}", algorithms: [HS256], ${option} } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`)
    .withUpstream('users', recording().handler)
    .startOnce();

const GATEWAYS = {
  'any type': start(''),
  'at+jwt': start('typ: at+jwt'),
  'application/at+JWT': start('typ: application/at+JWT'),
};

async function statusOf(typ: unknown, wanted: keyof typeof GATEWAYS) {
  const gw = GATEWAYS[wanted];
  const response = await gw.fetch('/1', { headers: bearer({}, { header: { typ } }) });
  return [response.status, response.headers.get('www-authenticate')?.match(/error="(\w+)"/)?.[1]];
}

describe('the type of a token', () => {
  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])(
    'is matched without case: %s',
    async (typ) => {
      expect(await statusOf(typ, 'at+jwt')).toEqual([200, undefined]);
      expect(await statusOf(typ, 'application/at+JWT')).toEqual([200, undefined]);
    },
  );

  it.each(['JWT', 'id+jwt', 'logout+jwt', 'at+jwt ', 'text/at+jwt', '', undefined, null, ['at+jwt'], 1])(
    'is rejected when it differs: %j',
    async (typ) => {
      expect(await statusOf(typ, 'at+jwt')).toEqual([401, 'invalid_token']);
    },
  );

  it.each(['JWT', 'id+jwt', undefined, 1])('is ignored by a provider without typ: %j', async (typ) => {
    expect(await statusOf(typ, 'any type')).toEqual([200, undefined]);
  });
});
