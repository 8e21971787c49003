import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' });

const YAML = `
auth:
  staff: { publicKey: "\${RSA_PEM}", algorithms: [RS256], issuer: https://staff.example/ }
  shops: { publicKey: "\${EC_PEM}", algorithms: [ES256], issuer: https://shops.example/ }
  robots: { secret: "${SECRET}", algorithms: [HS256] }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: any, match: { path: /any }, upstream: users }
  - { id: staff, match: { path: /staff }, upstream: users, auth: { provider: staff } }
  - { id: robots, match: { path: /robots }, upstream: users, auth: { provider: robots } }
`;
const STAFF = 'https://staff.example/';
const SHOPS = 'https://shops.example/';
const byStaff = (iss?: string) => bearer({ iss }, { header: { alg: 'RS256' }, key: rsa.privateKey });
const byShops = (iss?: string) => bearer({ iss }, { header: { alg: 'ES256' }, key: ec.privateKey });
const byRobots = (iss?: string) => bearer({ iss });

const env = { RSA_PEM: pem(rsa.publicKey), EC_PEM: pem(ec.publicKey) };
const gw = gateway(YAML).withEnv(env).withUpstream('users', recording().handler).startOnce();

async function statuses(headers: Record<string, string>) {
  const answers: Record<string, number> = {};
  // The widest route comes first, so that a verified token is cached for the others.
  for (const route of ['any', 'staff', 'robots']) {
    answers[route] = (await gw.fetch(`/${route}`, { headers })).status;
  }
  return answers;
}

describe('with several providers', () => {
  it('the issuer of the token selects the provider, and a route can name one', async () => {
    expect(await statuses(byStaff(STAFF))).toEqual({ any: 200, staff: 200, robots: 401 });
    expect(await statuses(byShops(SHOPS))).toEqual({ any: 200, staff: 401, robots: 401 });
  });

  it('a provider without an issuer accepts tokens of every issuer without a provider', async () => {
    expect(await statuses(byRobots())).toEqual({ any: 200, staff: 401, robots: 200 });
    expect(await statuses(byRobots('https://anybody.example/'))).toEqual({
      any: 200,
      staff: 401,
      robots: 200,
    });
  });

  it('no provider accepts a token that another one signed', async () => {
    const nowhere = { any: 401, staff: 401, robots: 401 };
    expect(await statuses(byShops(STAFF))).toEqual(nowhere);
    expect(await statuses(byStaff(SHOPS))).toEqual(nowhere);
    expect(await statuses(byStaff())).toEqual(nowhere);
    expect(await statuses(byShops('https://anybody.example/'))).toEqual(nowhere);
  });

  it('no provider accepts a token of its issuer signed with another key', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const forged = bearer({ iss: SHOPS }, { header: { alg: 'ES256' }, key: other.privateKey });
    expect(await statuses(forged)).toMatchObject({ any: 401 });
  });
});
