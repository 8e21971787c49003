import { expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

const warnings = (provider: object): string[] => warningsOf({ main: provider });

function warningsOf(auth: object, ...routes: unknown[]): string[] {
  const text = JSON.stringify({
    auth,
    upstreams: { users: { url: 'http://users' } },
    routes: [undefined, ...routes].map((each, index) => ({
      id: `route-${index}`,
      match: { path: `/${index}` },
      upstream: 'users',
      auth: each,
    })),
  });
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  return result.ok ? result.warnings.map(({ path, message }) => `${path}: ${message}`) : ['invalid'];
}

const jwks = (jwksUri: string) => ({ jwksUri, algorithms: ['RS256'] });
const introspection = (url: string) => ({ introspection: { url, clientId: 'gw', clientSecret: 's' } });

it.each([
  ['jwksUri', jwks('http://idp.example/jwks')],
  ['jwksUri', jwks('http://10.0.0.7:8080/jwks')],
  ['jwksUri', jwks('http://localhost.example/jwks')],
  ['introspection.url', introspection('http://idp.example/introspect')],
  ['issuer', { issuer: 'http://idp.example/', algorithms: ['RS256'] }],
])('warns of an issuer that is asked over plain HTTP: %s of %j', (key, provider) => {
  expect(warnings(provider)).toEqual([
    expect.stringContaining(`auth.main.${key}: the issuer is asked over plain HTTP`),
  ]);
});

it.each([
  [jwks('https://idp.example/jwks')],
  [jwks('http://localhost:8080/jwks')],
  [jwks('http://127.0.0.1/jwks')],
  [jwks('http://[::1]/jwks')],
  [{ ...jwks('https://idp.example/jwks'), issuer: 'http://idp.example/' }],
  [{ secret: 'x'.repeat(32), algorithms: ['HS256'], issuer: 'http://idp.example/' }],
])('has nothing against %j', (provider) => {
  expect(warnings(provider)).toEqual([]);
});

const issuer = 'https://idp.example/';
const rs = { jwksUri: 'https://idp.example/jwks', algorithms: ['RS256', 'ES256'] };
const hs = (letter: string) => ({ secret: letter.repeat(32), algorithms: ['HS256'] });

it.each([
  ['one issuer', { a: { ...rs, issuer }, b: { ...rs, issuer, algorithms: ['ES256', 'PS256'] } }, 'ES256'],
  ['two kinds of keys', { a: { ...rs, issuer }, b: { issuer, algorithms: ['RS256'] } }, 'RS256'],
  ['no issuer', { a: hs('a'), b: hs('b') }, 'HS256'],
])('warns of a provider that another one comes before: %s', (_, auth, algorithms) => {
  expect(warningsOf(auth)).toEqual([
    `auth.b: takes ${algorithms} tokens of the same issuer as \`a\`, which comes first: on routes that take both it is not asked about them`,
  ]);
});

it('warns of a second provider of introspection', () => {
  expect(
    warningsOf({ a: introspection('https://a.example/i'), b: introspection('https://b.example/i') }),
  ).toEqual([
    'auth.b: takes tokens that no other provider takes, as `a`, which comes first: on routes that take both it is not asked about them',
  ]);
});

it.each([
  ['issuers differ', { a: { ...rs, issuer }, b: { ...rs, issuer: 'https://other.example/' } }],
  ['only one has an issuer', { a: { ...hs('a'), issuer }, b: hs('b') }],
  ['algorithms differ', { a: { ...rs, issuer }, b: { ...rs, issuer, algorithms: ['RS512'] } }],
  ['one takes keys', { a: hs('a'), b: { apiKeys: [{ id: 'x', hash: `sha256:${'0'.repeat(64)}` }] } }],
])('has nothing against several providers where %s', (_, auth) => {
  expect(warningsOf(auth)).toEqual([]);
});

it('has nothing against two of one issuer that no route takes together', () => {
  const auth = JSON.stringify({
    auth: { a: { ...rs, issuer }, b: { ...rs, issuer } },
    upstreams: { users: { url: 'http://users' } },
    routes: ['a', 'b', ['b']].map((provider, index) => ({
      id: `route-${index}`,
      match: { path: `/${index}` },
      upstream: 'users',
      auth: { provider },
    })),
  });
  const result = parseConfig(auth, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  expect(result).toMatchObject({ ok: true, warnings: [] });
});
