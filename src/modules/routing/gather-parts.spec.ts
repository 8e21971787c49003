import { assert, property, string } from 'fast-check';
import { expect, it } from 'vitest';
import { ProblemError } from '../../common/errors/problem.js';
import { parseTarget } from '../../common/http/request-target.js';
import { compileGather } from './gather-parts.js';

function target(pattern: string, path: string, requested: string): string | undefined {
  const part = { upstream: 'users', path, fallback: undefined, maxBytes: 1 };
  return compileGather(pattern, { user: part })[0]?.target(parseTarget(requested).path);
}

it.each([
  ['/card/{id}', '/users/{id}', '/card/7', '/users/7'],
  ['/card/{id}', '/orders?user={id}&limit=5', '/card/7', '/orders?user=7&limit=5'],
  ['/{tenant}/{id}', '/{id}/of/{tenant}?id={id}', '/acme/7', '/7/of/acme?id=7'],
  ['/card/{id}', '/static', '/card/7', '/static'],
  // The spelling of a literal in the pattern does not move the parameter.
  ['/caf%c3%a9/{id}', '/users/{id}', '/caf%C3%A9/7', '/users/7'],
  // A value stays one value, and one segment.
  ['/card/{id}', '/orders?user={id}', '/card/7&admin=1', '/orders?user=7%26admin%3D1'],
  ['/card/{id}', '/orders?user={id}', '/card/7+8;a=b', '/orders?user=7%2B8%3Ba%3Db'],
  ['/card/{id}', '/orders?user={id}', '/card/a%23b%3Fc', '/orders?user=a%23b%3Fc'],
  ['/card/{id}', '/users/{id}', '/card/a%3Fb%23c', '/users/a%3Fb%23c'],
  ['/card/{id}', '/users/{id}', '/card/a%2Fb', '/users/a%2Fb'],
  ['/card/{id}', '/users/{id}', '/card/%252e%252e', '/users/%252e%252e'],
  ['/card/{id}', '/users/{id}', '/card/{id}', '/users/%7Bid%7D'],
])('of %s, the part %s is asked for %s as %s', (pattern, path, requested, expected) => {
  expect(target(pattern, path, requested)).toBe(expected);
});

it.each(['a%2F..%2Fb', '..;x=y', '%2e%2e'])('never gets to see %s', (id) => {
  expect(() => target('/card/{id}', '/users/{id}', `/card/${id}`)).toThrow(ProblemError);
});

it('keeps whatever a client sends in one segment and in one value of the query', () => {
  // No route accepts dot segments, backslashes and controls.
  const accepted = string({ unit: 'grapheme', minLength: 1 }).filter(
    (value) => !/^\.{1,2}(?:;|$)|[\\/\p{Cc}]/u.test(value),
  );
  assert(
    property(accepted, (value) => {
      const path = `/card/${encodeURIComponent(value)}`;
      const url = new URL(
        target('/card/{id}', '/users/{id}?user={id}&last=1', path) ?? '',
        'http://users.test',
      );
      expect(decodeURIComponent(url.pathname)).toBe(`/users/${value}`);
      expect([...url.searchParams]).toEqual([
        ['user', value],
        ['last', '1'],
      ]);
    }),
  );
});
