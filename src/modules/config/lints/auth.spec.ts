import { expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function warnings(provider: object): string[] {
  const text = JSON.stringify({
    auth: { main: provider },
    upstreams: { users: { url: 'http://users' } },
    routes: [{ id: 'users', match: { path: '/**' }, upstream: 'users' }],
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
