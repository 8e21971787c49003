import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function problems(path: string, rewrite: string): string[] {
  const text = `
upstreams: { users: { url: http://users } }
routes:
  - id: r
    match: { path: "${path}" }
    upstream: users
    rewrite: ${rewrite}`;
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  return result.ok ? [] : result.problems.map(({ path: at, line, message }) => `${line} ${at}: ${message}`);
}

describe('rewrites', () => {
  it.each([
    ['/users/**', '{ stripPrefix: /users }'],
    ['/**', '{ stripPrefix: /users }'],
    ['/{a}/b', '{ stripPrefix: /x/b }'],
    ['/users/**', '{ path: "/v1/{rest}" }'],
    ['/u/{id}/{rest}', '{ path: "/v1/{rest}/{id}" }'],
    ['/users', '{ path: / }'],
  ])('of %s can be %s', (path, rewrite) => {
    expect(problems(path, rewrite)).toEqual([]);
  });

  it.each([
    ['/users/**', '/orders', 'found "/orders", expected a path that "/users/**" can start with'],
    ['/users/**', '/user', 'found "/user", expected a path that "/users/**" can start with'],
    ['/users', '/users/x', 'found "/users/x", expected a path that "/users" can start with'],
    ['/users/{id}', '/users/1/2', 'found "/users/1/2", expected'],
    ['/users/**', '/users/', 'found "/users/", expected a path such as /users'],
    ['/users/**', '/', 'found "/", expected a path such as /users'],
    ['/users/**', '/../users', 'found "/../users", expected a path such as /users'],
    ['/users/**', '/users/..;a', 'found "/users/..;a", expected a path such as /users'],
  ])('of %s cannot strip %s', (path, prefix, message) => {
    expect(problems(path, `{ stripPrefix: ${JSON.stringify(prefix)} }`)).toEqual([
      expect.stringContaining(`7 routes[0].rewrite.stripPrefix: ${message}`),
    ]);
  });

  it.each([
    ['/users/{id}', '/v1/{name}', 'expected a path with parameters of "/users/{id}" only ({id})'],
    ['/users', '/v1/{rest}', 'expected a path with parameters of "/users" only (there are none)'],
    ['/users/**', '/v1/{rest}/x', 'expected a path with {rest} as its last segment only'],
    ['/{rest}/**', '/v1/{rest}', '`{rest}` is ambiguous'],
    ['/users/**', '/v1/**', 'expected a path such as /v1/{rest}'],
    ['/users/**', '/v1/a%2fb', 'expected a path such as /v1/{rest}'],
    ['/users/**', '/v1/x{rest}', 'expected a path such as /v1/{rest}'],
    ['/users/**', '/v1/..;a', 'expected a path such as /v1/{rest}'],
    ['/users/**', 'v1', 'expected a path such as /v1/{rest}'],
  ])('of %s cannot be %s', (path, template, message) => {
    expect(problems(path, `{ path: ${JSON.stringify(template)} }`)).toEqual([
      expect.stringMatching(/^7 routes\[0\]\.rewrite\.path: /),
    ]);
    expect(problems(path, `{ path: ${JSON.stringify(template)} }`)[0]).toContain(message);
  });

  it.each(['{}', '{ stripPrefix: /users, path: /v1 }'])(
    'are one of two kinds, so %s is reported',
    (rewrite) => {
      expect(problems('/users/**', rewrite)).toEqual([
        expect.stringMatching(
          /^7 routes\[0\]\.rewrite: found a mapping, expected (?:`stripPrefix` or `path`|at least one)/,
        ),
      ]);
    },
  );
});
