import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function parse(route: string) {
  const text = `
upstreams: { users: { url: http://users }, orders: { url: http://orders } }
routes:
  - ${route}`;
  return parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
}

function problems(route: string): string[] {
  const result = parse(route);
  return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
}

const MATCH = 'id: r, match: { path: "/card/{id}", methods: [GET] }';

describe('gather', () => {
  it('tells a fallback of null from none', () => {
    const result = parse(
      `{ ${MATCH}, gather: { user: { upstream: users, path: "/users/{id}" }, orders: { upstream: orders, path: "/orders?user={id}", fallback: null } } }`,
    );
    expect(result.ok && result.config.routes[0]).toMatchObject({
      upstream: 'users',
      gather: {
        user: { upstream: 'users', path: '/users/{id}', maxBytes: 1024 ** 2 },
        orders: { upstream: 'orders', path: '/orders?user={id}', fallback: null },
      },
    });
    expect(result.ok && Object.hasOwn(result.config.routes[0]?.gather?.['user'] ?? {}, 'fallback')).toBe(
      false,
    );
  });

  it.each([
    ['gather: {}', 'routes[0].gather: found a mapping, expected at least one part'],
    ['gather: { user: { path: /u } }', 'routes[0].gather.user.upstream: missing'],
    ['gather: { user: { upstream: user, path: /u } }', 'did you mean `users`?'],
    ['gather: { "a b": { upstream: users, path: /u } }', 'an id of letters, digits'],
    ['gather: { u: { upstream: users, path: u } }', 'expected a path such as /users/{id} or'],
    ['gather: { u: { upstream: users, path: "/x/../u" } }', 'expected a path such as /users/{id} or'],
    ['gather: { u: { upstream: users, path: "/u/x{id}" } }', 'parameters of `match.path` as whole segments'],
    ['gather: { u: { upstream: users, path: "/u?a b" } }', 'expected a path such as /users/{id} or'],
    ['gather: { u: { upstream: users, path: "/u#a" } }', 'expected a path such as /users/{id} or'],
    ['gather: { u: { upstream: users, path: "/u/{name}" } }', 'parameters of "/card/{id}" only ({id})'],
    ['gather: { u: { upstream: users, path: "/u?n={name}" } }', 'parameters of "/card/{id}" only ({id})'],
    ['gather: { u: { upstream: users, path: /u, maxBytes: 0 } }', 'routes[0].gather.u.maxBytes: found 0'],
    ['upstream: users, gather: { u: { upstream: users, path: /u } }', 'found `gather` beside `upstream`'],
    [
      'split: [{ upstream: users }], gather: { u: { upstream: users, path: /u } }',
      'found `gather` beside `split`',
    ],
    [
      'gather: { u: { upstream: users, path: /u } }, mirror: { upstream: orders }',
      '`mirror` has no meaning beside `gather`',
    ],
    [
      'gather: { u: { upstream: users, path: /u } }, rewrite: { path: /x }',
      '`rewrite` has no meaning beside `gather`',
    ],
    [
      'gather: { u: { upstream: users, path: /u } }, websocket: true',
      '`websocket` has no meaning beside `gather`',
    ],
    [
      'gather: { u: { upstream: users, path: /u } }, streamIdleTimeout: 1m',
      '`streamIdleTimeout` has no meaning beside `gather`',
    ],
  ])('of %s is refused', (keys, message) => {
    expect(problems(`{ ${MATCH}, ${keys} }`)).toEqual([expect.stringContaining(message)]);
  });

  it.each(['', ', methods: [POST]', ', methods: [GET, POST]'])('answers GET only, not%s', (methods) => {
    const route = `{ id: r, match: { path: /card${methods} }, gather: { u: { upstream: users, path: /u } } }`;
    expect(problems(route)).toEqual([
      expect.stringMatching(/^routes\[0\]\.match\.methods: .*expected \[GET\]/),
    ]);
  });

  it('is named where a route has no upstream', () => {
    expect(problems(`{ ${MATCH} }`)).toEqual([
      'routes[0].upstream: missing, expected the id of an upstream, or `split` or `gather`',
    ]);
  });
});
