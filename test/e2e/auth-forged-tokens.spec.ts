import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import { gateway, listen } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET, signedText, token } from '../support/tokens.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const eve = generateKeyPairSync('rsa', { modulusLength: 2048 });
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

const users = recording();
const env = { RSA_PEM, EC_PEM: pem(ec.publicKey) };
const gw = gateway(YAML).withEnv(env).withUpstream('users', users.handler).startOnce();
beforeEach(users.clear);

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const [header, payload, signature] = token().split('.') as [string, string, string];
const unsigned = (alg: unknown) => token({}, { header: { alg } }).replace(/[^.]+$/, '');

const HEADER = '{"alg":"HS256"}';
const EXP = 9_999_999_999;
const PAYLOAD = `{"sub":"alice","exp":${EXP}}`;

/** Changes the last character, of whose six bits the last two are unused, so that the bytes are the same. */
function respelled(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const other = `${text.slice(0, -1)}${alphabet[alphabet.indexOf(text.at(-1)!) + 1]}`;
  expect(Buffer.from(other, 'base64url')).toEqual(Buffer.from(text, 'base64url'));
  return other;
}

const OTHER = 'another secret of more than 32 bytes, for tests';

/** Nests about as deep as the size limit of a token allows. */
function deep(open: string, inside: string, close: string): string {
  const depth = Math.floor(5_500 / (open.length + close.length));
  return open.repeat(depth) + inside + close.repeat(depth);
}

const FORGED: Record<string, string> = {
  'the algorithm none': unsigned('none'),
  'the algorithm None': unsigned('None'),
  'the algorithm NONE': unsigned('NONE'),
  'the algorithm nOnE': unsigned('nOnE'),
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
      header: { ...RS, jwk: eve.publicKey.export({ format: 'jwk' }) },
      key: eve.privateKey,
    },
  ),
  'a certificate of its own, embedded': token({}, { header: { ...RS, x5c: ['MIIB'] }, key: eve.privateKey }),
  'an extension that must be understood': token({}, { header: { crit: ['exp'], exp: 1 } }),
  'an empty list of such extensions': token({}, { header: { crit: [] } }),
  'an unencoded payload': token({}, { header: { b64: false } }),
  'a signature of zeros': `${encoded({ alg: 'ES256' })}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
  'no signature': `${header}.${payload}.`,
  'half a signature': `${header}.${payload}.${signature.slice(0, 20)}`,
  'other claims than were signed': `${header}.${encoded({ sub: 'root', exp: 9_999_999_999 })}.${signature}`,
  'a claim that is there twice': signedText(HEADER, `{"sub":"alice","sub":"root","exp":${EXP}}`, SECRET),
  'an algorithm that is there twice': signedText('{"alg":"HS256","alg":"none"}', PAYLOAD, SECRET),
  'a claim that is there twice, spelled otherwise': signedText(
    HEADER,
    String.raw`{"exp":1,"e\u0078p":${EXP}}`,
    SECRET,
  ),
  'another token inside': signedText('{"alg":"HS256","cty":"JWT"}', token(), SECRET),
  'claims that are no JSON': signedText(HEADER, `${PAYLOAD},`, SECRET),
  'a header that is no JSON': signedText("{'alg':'HS256'}", PAYLOAD, SECRET),
  'a signature spelled otherwise': `${header}.${payload}.${respelled(signature)}`,
  'a signature and a blank': `${header}.${payload}.${signature}%20`,
  'a kid that is a path to nothing, and an empty secret': token(
    {},
    { header: { kid: '../../../../dev/null' }, key: '' },
  ),
  'a kid that is SQL, and a secret of its own': token(
    {},
    { header: { kid: "x' UNION SELECT 'secret" }, key: 'secret' },
  ),
  'a kid that is a command': token({}, { header: { kid: '|/bin/true' }, key: 'x' }),
  'a kid that every object has': token({}, { header: { kid: '__proto__' }, key: '' }),
  'a kid that is a list': token({}, { header: { kid: ['a'] } }),
  'two parts': `${header}.${payload}`,
  'four parts': `${header}.${payload}.${signature}.`,
  'the five parts of an encrypted token': `${encoded({ alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31 })}.a.b.c.d`,
  'a payload that is a list': `${header}.${encoded([])}.${signature}`,
  'a payload that is very deep': `${header}.${Buffer.from('['.repeat(6_000)).toString('base64url')}.${signature}`,
  'claims that are very deep, and JSON': signedText(HEADER, deep('{"a":', '1', '}'), OTHER),
  'claims that are very deep lists, and JSON': signedText(
    HEADER,
    `{"exp":${EXP},"a":${deep('[', '', ']')}}`,
    OTHER,
  ),
  'a header that is very deep, and JSON': signedText(
    `{"alg":"HS256","a":${deep('[', '', ']')}}`,
    PAYLOAD,
    OTHER,
  ),
  'a great many claims': signedText(
    HEADER,
    JSON.stringify({ exp: EXP, ...Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`c${i}`, i])) }),
    OTHER,
  ),
  'characters that base64url has not': `${header}.${payload}.${signature}=`,
};

describe('a forged token', () => {
  it.each(Object.entries(FORGED))('gets a 401 with %s', async (_, forged) => {
    for (const path of ['/any', '/rsa']) {
      const response = await gw.fetch(path, { headers: { authorization: `Bearer ${forged}` } });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    }
    expect(users.requests).toHaveLength(0);
  });

  it('differs from an accepted token only in its defect', async () => {
    const right = [
      signedText(HEADER, PAYLOAD, SECRET),
      token({}, { header: { typ: 'at+jwt' } }),
      token({}, { header: { typ: undefined, kid: "../x' OR 1=1--" } }),
      token({}, { header: { cty: 'json', x5t: 'a', odd: { nested: [1] } } }),
    ];
    for (const good of right) {
      const headers = { authorization: `Bearer ${good}` };
      expect((await gw.fetch('/any', { headers })).status).toBe(200);
    }
  });

  it('is not confused with a valid token of deeply nested claims', async () => {
    const payload = `{"sub":"alice","exp":${EXP},"a":${deep('[', '', ']')},"b":${deep('{"a":', '1', '}')}}`;
    const headers = { authorization: `Bearer ${signedText(HEADER, payload, SECRET)}` };
    expect((await gw.fetch('/any', { headers })).status).toBe(200);
  });

  it('gets a 401 when it is 100 KiB long and such a header is allowed', async () => {
    const users = recording();
    const gw = await gateway(`server: { maxHeaderBytes: 256KiB }\n${YAML}`)
      .withEnv({ RSA_PEM, EC_PEM: pem(ec.publicKey) })
      .withUpstream('users', users.handler)
      .start();
    for (const large of [token({ large: 'x'.repeat(75_000) }), 'x'.repeat(100_000)]) {
      const response = await gw.fetch('/any', { headers: { authorization: `Bearer ${large}` } });
      expect([response.status, (await response.text()).length < 1_000]).toEqual([401, true]);
    }
    expect(users.requests).toHaveLength(0);
  });

  it.each(['jku', 'x5u'])('does not make the gateway fetch the URL in its %s', async (name) => {
    const keys = recording(
      (_req, res) => void res.end(JSON.stringify({ keys: [eve.publicKey.export({ format: 'jwk' })] })),
    );
    const header = { ...RS, [name]: await listen(createServer(keys.handler)) };
    const forged = token({}, { header, key: eve.privateKey });
    expect((await gw.fetch('/rsa', { headers: { authorization: `Bearer ${forged}` } })).status).toBe(401);
    // The parameter says nothing about the signature, which is right here.
    const headers = bearer({}, { header, key: rsa.privateKey });
    expect((await gw.fetch('/rsa', { headers })).status).toBe(200);
    expect(keys.requests).toHaveLength(0);
  });

  it.each([
    ['jwk', eve.publicKey.export({ format: 'jwk' })],
    ['x5c', ['MIIB']],
  ])('is accepted when our own key signed it, whatever its %s is', async (name, value) => {
    const headers = bearer({}, { header: { ...RS, [name]: value }, key: rsa.privateKey });
    expect((await gw.fetch('/rsa', { headers })).status).toBe(200);
  });
});
