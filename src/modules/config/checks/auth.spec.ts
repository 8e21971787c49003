import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';
import { formatProblems } from '../problem.js';

const pem = (key: KeyObject) =>
  key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const FILES: Record<string, string> = {
  '/etc/gw/rsa.pem': pem(rsa.publicKey),
  '/etc/gw/private.pem': pem(rsa.privateKey),
  '/etc/gw/short.pem': pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey),
  '/etc/gw/p256.pem': pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
  '/etc/gw/p384.pem': pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey),
  '/etc/gw/ed.pem': pem(generateKeyPairSync('ed25519').publicKey),
  '/etc/gw/junk.pem': '-----BEGIN PUBLIC KEY-----\nhunter2\n-----END PUBLIC KEY-----\n',
};

function readFile(path: string): string {
  const text = FILES[path];
  if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
  return text;
}

function parse(provider: object, env: Record<string, string> = {}) {
  return parseConfig(JSON.stringify({ auth: { main: provider } }), {
    file: '/etc/gw/gateway.yaml',
    env,
    readFile,
  });
}

function problems(provider: object, env?: Record<string, string>): string[] {
  const result = parse(provider, env);
  return result.ok ? [] : formatProblems('f', result.problems).split('\n');
}

const KEYS = `apiKeys:
  - { id: acme, hash: "sha256:${'a'.repeat(64)}", scopes: [orders] }
  - id: shop
    hash: sha256:${'b'.repeat(64)}
`;
FILES['/etc/gw/keys.yaml'] = KEYS;
FILES['/etc/gw/plain.yaml'] = 'apiKeys:\n  - id: acme\n    hash: hunter2\n    scope: []\n';
FILES['/etc/gw/list.yaml'] = `- { id: acme, hash: "sha256:${'a'.repeat(64)}" }\n`;
FILES['/etc/gw/broken.yaml'] = 'apiKeys: [{\n';
FILES['/etc/gw/none.yaml'] = 'apiKeys: []\n';

const HASH = `sha256:${'0'.repeat(64)}`;
const SECRET_32 = 'x'.repeat(32);

describe('keys of providers', () => {
  it.each([
    [{ secret: SECRET_32, algorithms: ['HS256'] }],
    [{ secret: 'x'.repeat(64), algorithms: ['HS256', 'HS384', 'HS512'] }],
    [{ secret: 'ü'.repeat(16), algorithms: ['HS256'] }],
    [{ publicKey: 'rsa.pem', algorithms: ['RS256', 'PS512'] }],
    [{ publicKey: '/etc/gw/p256.pem', algorithms: ['ES256'] }],
    [{ publicKey: '${file:p384.pem}', algorithms: ['ES384'] }],
    [{ jwksUri: 'https://idp.example/jwks', algorithms: ['RS256', 'EdDSA'] }],
    [{ issuer: 'https://idp.example/', algorithms: ['ES256'], jwks: { refresh: '5m' } }],
    [{ apiKeys: [{ id: 'acme', hash: HASH, scopes: ['a:b'] }], header: 'X-Key', query: 'key' }],
    [{ apiKeysFile: 'keys.yaml', query: 'key' }],
    [{ apiKeysFile: '/etc/gw/keys.yaml', apiKeys: [{ id: 'own', hash: HASH }] }],
    [{ introspection: { url: 'https://idp/i', clientId: 'gw', clientSecret: 's' }, issuer: 'idp' }],
    [{ publicKey: 'ed.pem', algorithms: ['EdDSA'] }],
    [{ secret: SECRET_32, algorithms: ['HS256'], forwardClaims: { tenant: 'X-User-Tenant', a: 'x-jwt-a' } }],
  ])('accepts %j', (provider) => {
    expect(problems(provider)).toEqual([]);
  });

  it('resolves a file to its PEM text', () => {
    const result = parse({ publicKey: 'rsa.pem', algorithms: ['RS256'] });
    expect(result.ok && result.config.auth['main']?.publicKey).toBe(FILES['/etc/gw/rsa.pem']);
  });

  it('accepts PEM text itself', () => {
    const text = FILES['/etc/gw/rsa.pem'];
    const result = parse({ publicKey: text, algorithms: ['RS256'] });
    expect(result.ok && result.config.auth['main']?.publicKey).toBe(text);
  });

  it.each([
    [
      'no key',
      { algorithms: ['HS256'] },
      'auth.main: missing a key, expected one of `secret`, `publicKey`, `jwksUri`, `apiKeys`, `introspection`, `clientCertificate`, `plugin`, or an `issuer` that',
    ],
    [
      'two keys',
      { secret: SECRET_32, publicKey: 'rsa.pem', algorithms: ['HS256'] },
      'auth.main: found `secret` and `publicKey`, expected one of them',
    ],
    [
      'only an issuer that is no URL',
      { issuer: 'idp', algorithms: ['RS256'] },
      'auth.main.issuer: found "idp", expected an http or https URL, whose discovery document',
    ],
    [
      'a URL with credentials',
      { jwksUri: 'https://a:b@idp/jwks', algorithms: ['RS256'] },
      'auth.main.jwksUri: found',
    ],
    [
      'HS with published keys',
      { jwksUri: 'https://idp/jwks', algorithms: ['HS256'] },
      'algorithms[0]: found "HS256", expected one that works with `jwksUri`: RS256,',
    ],
    [
      'HS with discovery',
      { issuer: 'https://idp', algorithms: ['HS256'] },
      'algorithms[0]: found "HS256", expected one that works with `jwksUri`: RS256,',
    ],
    ['a key in plain text', { apiKeys: [{ id: 'a', hash: 'hunter2' }] }, 'auth.main.apiKeys[0].hash: found'],
    [
      'a file of API keys for a secret',
      { secret: SECRET_32, algorithms: ['HS256'], apiKeysFile: 'keys.yaml' },
      'auth.main.apiKeysFile: `apiKeysFile` has no meaning with `secret`',
    ],
    [
      'a type of token that is no type',
      { secret: SECRET_32, algorithms: ['HS256'], typ: 'at jwt' },
      'auth.main.typ: found "at jwt", expected a type of token such as at+jwt',
    ],
    [
      'a type of token with API keys',
      { apiKeys: [{ id: 'a', hash: HASH }], typ: 'at+jwt' },
      'auth.main.typ: `typ` has no meaning with `apiKeys`',
    ],
    [
      'a type of token that only its issuer reads',
      { introspection: { url: 'https://idp/i', clientId: 'gw', clientSecret: 's' }, typ: 'at+jwt' },
      'auth.main.typ: `typ` has no meaning with `introspection`',
    ],
    [
      'a cookie with API keys',
      { apiKeys: [{ id: 'a', hash: HASH }], cookie: 'session' },
      'auth.main.cookie: `cookie` has no meaning with `apiKeys`',
    ],
    [
      'a cookie whose name is none',
      { secret: SECRET_32, algorithms: ['HS256'], cookie: 'a session' },
      'auth.main.cookie: found "a session", expected the name of a cookie such as __Host-token',
    ],
    ['no API key', { apiKeys: [] }, 'auth.main.apiKeys: found a list, expected at least one key'],
    [
      'one id for two keys',
      {
        apiKeys: [
          { id: 'a', hash: HASH },
          { id: 'a', hash: HASH.replace('0', '1') },
        ],
      },
      'auth.main.apiKeys[1].id: found "a", expected each id once',
    ],
    [
      'one key for two ids',
      {
        apiKeys: [
          { id: 'a', hash: HASH },
          { id: 'b', hash: HASH },
        ],
      },
      'expected each hash once',
    ],
    [
      'algorithms of API keys',
      { apiKeys: [{ id: 'a', hash: HASH }], algorithms: ['HS256'] },
      'auth.main.algorithms: `algorithms` has no meaning with `apiKeys`',
    ],
    [
      'a header for a secret',
      { secret: SECRET_32, algorithms: ['HS256'], header: 'X-Key' },
      'auth.main.header: `header` has no meaning with `secret`',
    ],
    [
      'algorithms of tokens that only the issuer reads',
      { introspection: { url: 'https://idp/i', clientId: 'gw', clientSecret: 's' }, algorithms: ['RS256'] },
      'auth.main.algorithms: `algorithms` has no meaning with `introspection`',
    ],
    ['no algorithms', { secret: SECRET_32 }, 'auth.main.algorithms: missing, expected a list'],
    ['an empty list of algorithms', { secret: SECRET_32, algorithms: [] }, 'expected at least one algorithm'],
    [
      'an unknown algorithm',
      { secret: SECRET_32, algorithms: ['none'] },
      'algorithms[0]: found "none", expected one of `HS256`,',
    ],
    [
      'RS with a secret',
      { secret: SECRET_32, algorithms: ['RS256'] },
      'algorithms[0]: found "RS256", expected one that works with `secret`: HS256, HS384, HS512',
    ],
    [
      'HS with a public key',
      { publicKey: 'rsa.pem', algorithms: ['RS256', 'HS256'] },
      'algorithms[1]: found "HS256", expected one that works with `publicKey`: RS256,',
    ],
    [
      '31 bytes for HS256',
      { secret: 'x'.repeat(31), algorithms: ['HS256'] },
      'expected at least 32 bytes for HS256; this has 31',
    ],
    [
      '47 bytes for HS384',
      { secret: 'x'.repeat(47), algorithms: ['HS256', 'HS384'] },
      'expected at least 48 bytes for HS384; this has 47',
    ],
    [
      '63 bytes for HS512',
      { secret: 'x'.repeat(63), algorithms: ['HS512', 'HS256'] },
      'expected at least 64 bytes for HS512; this has 63',
    ],
    [
      'a missing file',
      { publicKey: 'no.pem', algorithms: ['RS256'] },
      'found "no.pem", expected PEM text, or the path of a readable PEM file: no such file',
    ],
    [
      'a private key',
      { publicKey: 'private.pem', algorithms: ['RS256'] },
      'expected a public key; this is a private key',
    ],
    [
      'no key in the file',
      { publicKey: 'junk.pem', algorithms: ['RS256'] },
      'expected a public key as PEM text that can be parsed',
    ],
    [
      'a short RSA key',
      { publicKey: 'short.pem', algorithms: ['RS256'] },
      'expected an RSA key of at least 2048 bits, this has 1024',
    ],
    [
      'an EC key for RS',
      { publicKey: 'p256.pem', algorithms: ['RS256'] },
      'algorithms[0]: found "RS256", expected an algorithm that fits `publicKey`; this one needs an RSA key',
    ],
    [
      'an RSA key for ES',
      { publicKey: 'rsa.pem', algorithms: ['ES256'] },
      'this one needs an EC key on prime256v1',
    ],
    [
      'a key on another curve',
      { publicKey: 'p256.pem', algorithms: ['ES256', 'ES384'] },
      'algorithms[1]: found "ES384", expected an algorithm that fits',
    ],
    ['an RSA key for EdDSA', { publicKey: 'rsa.pem', algorithms: ['EdDSA'] }, 'needs an Ed25519 key'],
    ...['X-Tenant', 'X-User-Id', 'x-user-scopes', 'X-User-', 'X-User-A B', 'Authorization'].map(
      (header): [string, object, string] => [
        `${header} for a claim`,
        { secret: SECRET_32, algorithms: ['HS256'], forwardClaims: { a: header } },
        'auth.main.forwardClaims.a: found',
      ],
    ),
    ['an Ed25519 key for PS', { publicKey: 'ed.pem', algorithms: ['PS256'] }, 'this one needs an RSA key'],
  ])('refuses %s', (_, provider, problem) => {
    expect(problems(provider)).toEqual([expect.stringContaining(problem)]);
  });

  it('adds the API keys of a file to those of the configuration', () => {
    const result = parse({ apiKeysFile: 'keys.yaml', apiKeys: [{ id: 'own', hash: HASH }] });
    expect(result.ok && result.config.auth['main']?.apiKeys).toEqual([
      { id: 'own', hash: HASH, scopes: [] },
      { id: 'acme', hash: `sha256:${'a'.repeat(64)}`, scopes: ['orders'] },
      { id: 'shop', hash: `sha256:${'b'.repeat(64)}`, scopes: [] },
    ]);
  });

  it.each([
    ['no.yaml', ['f:1:32 auth.main.apiKeysFile: found "no.yaml", expected the path of a readable YAML file']],
    ['list.yaml', ['/etc/gw/list.yaml:1:1 found a list, expected a mapping with `apiKeys`']],
    ['broken.yaml', ['/etc/gw/broken.yaml:1:11 found a { that is never closed']],
    ['none.yaml', ['/etc/gw/none.yaml:1:1 apiKeys: found a list, expected at least one key']],
    [
      'plain.yaml',
      [
        '/etc/gw/plain.yaml:3:11 apiKeys[0].hash: found a value that is not shown, expected a hash as',
        '/etc/gw/plain.yaml:4:5 apiKeys[0].scope: unknown key "scope"; did you mean `scopes`?',
      ],
    ],
  ])('reports problems in a file of API keys at their place: %s', (apiKeysFile, expected) => {
    expect(problems({ apiKeysFile })).toEqual(expected.map((each) => expect.stringContaining(each)));
  });

  it('names a file relative to where the path of the configuration is relative to', () => {
    const read: string[] = [];
    const text = JSON.stringify({ auth: { main: { apiKeysFile: 'keys/more.yaml' } } });
    const readFile = (path: string) => {
      read.push(path);
      return 'apiKeys: 1';
    };
    const result = parseConfig(text, { file: 'conf/gateway.yaml', env: {}, readFile });
    expect(read).toEqual([resolve('conf/keys/more.yaml')]);
    expect(result.ok ? [] : result.problems).toEqual([
      expect.objectContaining({ file: 'conf/keys/more.yaml', path: 'apiKeys', line: 1, column: 10 }),
    ]);
  });

  it('refuses an API key of a file that is already present', () => {
    const apiKeys = [{ id: 'shop', hash: `sha256:${'a'.repeat(64)}` }];
    expect(problems({ apiKeysFile: 'keys.yaml', apiKeys })).toEqual([
      expect.stringMatching(/^\/etc\/gw\/keys\.yaml:2:23 apiKeys\[0\]\.hash: .* expected each hash once$/),
      expect.stringMatching(
        /^\/etc\/gw\/keys\.yaml:3:9 apiKeys\[1\]\.id: found "shop", expected each id once$/,
      ),
    ]);
  });

  it('never shows a secret or a key', () => {
    const short = problems({ secret: 'hunter2', algorithms: ['HS256'] });
    const substituted = problems({ secret: '${SECRET}', algorithms: ['HS256'] }, { SECRET: 'hunter2' });
    const key = problems({ publicKey: FILES['/etc/gw/private.pem'], algorithms: ['RS256'] });
    expect(short).toEqual([expect.not.stringContaining('hunter2')]);
    expect(substituted).toEqual([expect.stringContaining('found "${SECRET}", expected at least 32 bytes')]);
    expect(substituted).toEqual([expect.not.stringContaining('hunter2')]);
    expect(key).toEqual([expect.stringContaining('found PEM text, expected a public key')]);
  });

  it('reports the missing variable of a secret once', () => {
    expect(problems({ secret: '${SECRET}', algorithms: ['HS256'] })).toEqual([
      expect.stringContaining('auth.main.secret: environment variable SECRET is not set'),
    ]);
  });
});
