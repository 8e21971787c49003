import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer } from '../support/tokens.js';

const SECRET = 's'.repeat(64);
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' });

const PAIRS = {
  HS384: SECRET,
  HS512: SECRET,
  RS256: rsa,
  PS512: rsa,
  ES256: curve('P-256'),
  ES384: curve('P-384'),
  ES512: curve('P-521'),
  EdDSA: generateKeyPairSync('ed25519'),
};

it.each(Object.entries(PAIRS))(
  'accepts a token signed with %s and rejects a forged one',
  async (alg, pair) => {
    const key = typeof pair === 'string' ? `secret: ${pair}` : 'publicKey: "${PEM}"';
    const gw = await gateway(`
auth: { main: { ${key}, algorithms: [${alg}] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`)
      .withEnv({ PEM: typeof pair === 'string' ? '' : pem(pair.publicKey) })
      .withUpstream('users', recording().handler)
      .start();
    const headers = bearer({}, { header: { alg }, key: typeof pair === 'string' ? pair : pair.privateKey });
    expect((await gw.fetch('/1', { headers })).status).toBe(200);
    const [header, , signature] = headers.authorization.split('.');
    const other = bearer({ sub: 'eve' }).authorization.split('.')[1];
    const forged = { authorization: [header, other, signature].join('.') };
    expect((await gw.fetch('/1', { headers: forged })).status).toBe(401);
  },
);
