import { describe, expect, it } from 'vitest';
import { parseConfig } from './parse-config.js';
import { STARTER, starterOf } from './starter.js';

function configOf(
  text: string,
  env: Record<string, string> = { JWT_SECRET: 'x'.repeat(32), API_URL: 'http://api:1' },
) {
  const result = parseConfig(text, { file: 'gateway.yaml', env, readFile: () => '' });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

const operation = { responses: {} };

function openApi(paths: object, rest: object = {}): string {
  return JSON.stringify({ openapi: '3.1.0', info: { title: 'User API', version: '1' }, paths, ...rest });
}

describe('the starter', () => {
  it('is a valid configuration', () => {
    expect(configOf(STARTER, {}).routes).toHaveLength(1);
  });
});

describe('the starter of an OpenAPI document', () => {
  it('gives each route an id of its own, also when another path has the same id', () => {
    const text = openApi({ '/a': { get: operation }, '/a/': { get: operation }, '/a/2': { get: operation } });
    expect(configOf(starterOf(text)).routes.map(({ id }) => id)).toEqual(['a', 'a-2', 'a-2-2']);
  });

  it('ignores extensions beside the paths, whatever they hold', () => {
    const text = openApi({ 'x-note': 'hello', '/a': { get: operation, 'x-list': [1] } });
    expect(configOf(starterOf(text)).routes.map(({ id }) => id)).toEqual(['a']);
  });

  it('has a route for each path, with its methods', () => {
    const text = openApi(
      { '/users': { get: operation, post: operation, parameters: [] }, '/users/{id}': { get: operation } },
      { servers: [{ url: 'https://api.example.com' }] },
    );
    const { routes, upstreams } = configOf(starterOf(text), {});
    expect(upstreams['user-api']?.targets[0]?.url).toBe('https://api.example.com');
    expect(
      routes.map(({ id, upstream, match: { path, methods } }) => ({ id, upstream, path, methods })),
    ).toEqual([
      { id: 'users', upstream: 'user-api', path: '/users', methods: ['GET', 'POST'] },
      { id: 'users-id', upstream: 'user-api', path: '/users/{id}', methods: ['GET'] },
    ]);
  });

  it('leaves out paths that no route can have, and says why', () => {
    const paths = ['/é', '/a//b', '/../x', '/q?x=1', 'nope', '/{a b}/../x', '/f/{id}.json', '/u/{user-id}/x'];
    const warnings: string[] = [];
    const text = openApi(Object.fromEntries(paths.map((path) => [path, { get: operation }])));
    const { routes } = configOf(starterOf(text, (message) => warnings.push(message)));
    expect(routes.map(({ match }) => match.path)).toEqual(['/f/**', '/u/**']);
    expect(warnings).toHaveLength(6);
    expect(warnings[1]).toBe('The path "/a//b" is left out: expected a path without "//".');
    const none = openApi({ '/a//b': { get: operation } });
    expect(() => starterOf(none)).toThrow('no paths that routes can have');
  });

  it('takes the address from the environment when the document has none', () => {
    const { upstreams } = configOf(starterOf(openApi({ '/a': { get: operation } })));
    expect(upstreams['user-api']?.targets[0]?.url).toBe('http://api:1');
  });

  it('requires a token where the document does', () => {
    const paths = { '/a': { get: operation, put: { ...operation, security: [] } }, '/b': { get: operation } };
    const { auth, routes } = configOf(starterOf(openApi(paths, { security: [{ bearer: [] }] })));
    expect(Object.keys(auth)).toEqual(['main']);
    expect(routes.map(({ id, auth: required, match }) => [id, match.methods, required])).toEqual([
      ['a', ['GET'], undefined],
      ['a-public', ['PUT'], 'none'],
      ['b', ['GET'], undefined],
    ]);
  });

  it('gives paths that would have one id different ones', () => {
    const { routes } = configOf(
      starterOf(openApi({ '/a/b': { get: operation }, '/a-b': { get: operation } })),
    );
    expect(routes.map(({ id }) => id)).toEqual(['a-b', 'a-b-2']);
  });

  it('takes a path with a parameter inside of a segment as a prefix', () => {
    const { routes } = configOf(starterOf(openApi({ '/files/{name}.json': { get: operation } })));
    expect(routes[0]?.match.path).toBe('/files/**');
  });

  it.each([
    ['{"swagger":"2.0"}', 'It is not an OpenAPI 3 document.'],
    ['just text', 'It is not an OpenAPI 3 document.'],
    [openApi({}), 'The OpenAPI document has no paths that routes can have.'],
  ])('refuses what is not one: %s', (text, message) => {
    expect(() => starterOf(text)).toThrow(message);
  });
});
