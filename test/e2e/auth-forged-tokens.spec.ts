import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway, listen } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { SECRET, token } from '../support/tokens.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' });
const RSA_PEM = pem(rsa.publicKey);
const RS = { alg: 'RS256' };

const YAML = `
auth:
  rsa: { publicKey: "\${RSA_PEM}", algorithms: [RS256] }
  ec: { publicKey: "\${EC_PEM}", algorithms: [ES256] }
  hmac: { secret: "${SECRET}", algorithms: [HS256] }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: any, match: { path: /any }, upstream: users }
  - { id: rsa, match: { path: /rsa }, upstream: users, auth: { provider: rsa } }
`;

async function start() {
  const users = recording();
  const env = { RSA_PEM, EC_PEM: pem(ec.publicKey) };
  return { users, gw: await gateway(YAML).withEnv(env).withUpstream('users', users.handler).start() };
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const [header, payload, signature] = token().split('.') as [string, string, string];
const unsigned = (alg: unknown) => token({}, { header: { alg } }).replace(/[^.]+$/, '');

const FORGED: Record<string, string> = {
  'the algorithm none': unsigned('none'),
  'the algorithm None': unsigned('None'),
  'the algorithm NONE': unsigned('NONE'),
  'the algorithm none, and a signature': token({}, { header: { alg: 'none' } }),
  'no algorithm': token({}, { header: { alg: undefined } }),
  'a list of algorithms': token({}, { header: { alg: ['HS256'] } }),
  'an algorithm in lower case': token({}, { header: { alg: 'hs256' } }),
  'an algorithm that is not configured': token({}, { header: { alg: 'HS512' } }),
  'the public RSA key as a shared secret': token({}, { key: RSA_PEM }),
  'the trimmed public RSA key as a shared secret': token({}, { key: RSA_PEM.trim() }),
  'the public EC key as a shared secret': token({}, { key: pem(ec.publicKey) }),
  'the key of another algorithm': token({}, { header: { alg: 'RS256' }, key: SECRET }),
  'an empty shared secret': token({}, { key: '' }),
  'a key of its own, embedded': token(
    {},
    {
      header: { ...RS, jwk: rsa.publicKey.export({ format: 'jwk' }) },
      key: rsa.privateKey,
    },
  ),
  'a certificate of its own, embedded': token({}, { header: { ...RS, x5c: ['MIIB'] }, key: rsa.privateKey }),
  'an extension that must be understood': token({}, { header: { crit: ['exp'], exp: 1 } }),
  'an empty list of such extensions': token({}, { header: { crit: [] } }),
  'an unencoded payload': token({}, { header: { b64: false } }),
  'a signature of zeros': `${encoded({ alg: 'ES256' })}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
  'no signature': `${header}.${payload}.`,
  'half a signature': `${header}.${payload}.${signature.slice(0, 20)}`,
  'other claims than were signed': `${header}.${encoded({ sub: 'root', exp: 9_999_999_999 })}.${signature}`,
  'two parts': `${header}.${payload}`,
  'four parts': `${header}.${payload}.${signature}.`,
  'the five parts of an encrypted token': `${encoded({ alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31 })}.a.b.c.d`,
  'a payload that is a list': `${header}.${encoded([])}.${signature}`,
  'a payload that is very deep': `${header}.${Buffer.from('['.repeat(6_000)).toString('base64url')}.${signature}`,
  'characters that base64url has not': `${header}.${payload}.${signature}=`,
};

describe('a forged token', () => {
  it.each(Object.entries(FORGED))('is a 401 with %s', async (_, forged) => {
    const { gw, users } = await start();
    for (const path of ['/any', '/rsa']) {
      const response = await gw.fetch(path, { headers: { authorization: `Bearer ${forged}` } });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    }
    expect(users.requests).toHaveLength(0);
  });

  it.each(['jku', 'x5u'])('makes the gateway fetch nothing from the address in its %s', async (name) => {
    const keys = recording((_req, res) => void res.end('{"keys":[]}'));
    const url = await listen(createServer(keys.handler));
    const { gw } = await start();
    const forged = token({}, { header: { ...RS, [name]: url }, key: rsa.privateKey });
    expect((await gw.fetch('/rsa', { headers: { authorization: `Bearer ${forged}` } })).status).toBe(401);
    expect(keys.requests).toHaveLength(0);
  });
});
