import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { fieldsOf, recording } from '../support/recording.js';
import { SECRET, token } from '../support/tokens.js';

const YAML = `
auth:
  main:
    secret: "${SECRET}"
    algorithms: [HS256]
    forwardClaims:
      tenant: X-User-Tenant
      realm_access.roles: X-User-Roles
      https://example.com/plan: x-jwt-plan
      constructor: X-User-Constructor
  other: { secret: "${SECRET}", algorithms: [HS256], issuer: other }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: users, match: { path: /** }, upstream: users }
  - { id: optional, match: { path: /optional }, upstream: users, auth: { optional: true } }
  - { id: open, match: { path: /open }, upstream: users, auth: none }
  - { id: forwarding, match: { path: /forwarding }, upstream: users, auth: { forward: true } }
`;

const users = recording();
const gw = gateway(YAML).withUpstream('users', users.handler).startOnce();

/** @returns every header about the user as the upstream received it: `name: value`, in order */
async function told(claims: Record<string, unknown> | undefined, path = '/1', ...sent: string[]) {
  users.clear();
  const authorization = claims ? [`Authorization: Bearer ${token(claims)}`] : [];
  const head = requestHead(`GET ${path}`, 'Connection: close', ...authorization, ...sent);
  const answers = answersIn(await raw(gw.url, head));
  expect(answers.map(({ status }) => status)).toEqual([200]);
  const { rawHeaders } = users.requests[0]!;
  return rawHeaders.flatMap((name, i) =>
    i % 2 === 0 && /^x[-_](user|jwt)/i.test(name) ? [`${name}: ${rawHeaders[i + 1]}`] : [],
  );
}

const NOTHING_ELSE = ['X-User-Id: alice', 'X-User-Scopes: '];

describe('forwarded claims', () => {
  it('are sent in their headers, found by name or by path', async () => {
    const claims = {
      tenant: 'acme',
      realm_access: { roles: ['clerk', 'manager'] },
      'https://example.com/plan': 3,
    };
    expect(await told(claims)).toEqual([
      ...NOTHING_ELSE,
      'X-User-Tenant: acme',
      'X-User-Roles: clerk manager',
      'x-jwt-plan: 3',
    ]);
  });

  it.each([
    ['Zoë', 'Zo%C3%AB'],
    ['日本', '%E6%97%A5%E6%9C%AC'],
    ['a b', 'a%20b'],
    ['50%', '50%25'],
    ['a\r\nX-User-Id: root', 'a%0D%0AX-User-Id%3A%20root'],
    ['a\nb', 'a%0Ab'],
    ['\0', '%00'],
    ['\ud800', '%EF%BF%BD'],
    ['', ''],
    [true, 'true'],
    [0, '0'],
    [['a b', 'c\r\n'], 'a%20b c%0D%0A'],
    [['a', 1, false], 'a 1 false'],
  ])('are encoded as plain ASCII in one header: %j', async (tenant, value) => {
    expect(await told({ tenant })).toEqual([...NOTHING_ELSE, `X-User-Tenant: ${value}`]);
  });

  it.each([[{ id: 'acme' }], [null], [[]], [[['acme']]], [['acme', { id: 1 }]], [['acme', null]]])(
    'are left out when they are not plain values: %j',
    async (tenant) => {
      expect(await told({ tenant })).toEqual(NOTHING_ELSE);
    },
  );

  it('cannot be forged by a client when the token lacks them', async () => {
    const twins = [
      'X-User-Tenant: forged',
      'x-user-tenant: forged',
      'X_User_Tenant: forged',
      'X-User_Tenant: forged',
      'X-User-Roles: forged',
      'X-JWT-Plan: forged',
      'X_JWT_Plan: forged',
      'X-User-Else: forged',
    ];
    expect(await told({}, '/1', ...twins)).toEqual(NOTHING_ELSE);
    expect(await told({ tenant: 'acme' }, '/1', ...twins)).toEqual([...NOTHING_ELSE, 'X-User-Tenant: acme']);
    expect(await told({}, '/forwarding', ...twins)).toEqual(NOTHING_ELSE);
    for (const path of ['/optional', '/open']) expect(await told(undefined, path, ...twins)).toEqual([]);
  });

  it('are those of the provider that verified the token', async () => {
    expect(await told({ tenant: 'acme', iss: 'other' })).toEqual(NOTHING_ELSE);
  });

  it('are also sent for a token from the cache of verified tokens', async () => {
    users.clear();
    const headers = { authorization: `Bearer ${token({ tenant: 'acme' })}` };
    for (let i = 0; i < 2; i++) await gw.fetch('/1', { headers });
    expect(users.requests.map((each) => fieldsOf(each, 'x-user-tenant'))).toEqual([['acme'], ['acme']]);
  });
});
