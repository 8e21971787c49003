import { describe, expect, it } from 'vitest';
import { pathPattern } from './path-pattern.js';

describe('pathPattern', () => {
  it.each([
    '/',
    '/**',
    '/users',
    '/users/',
    '/users/**',
    '/users/{id}',
    '/users/{id}/orders/{order_id}/**',
    '/v1/users:batch',
    '/a.b/~c/(d)',
    '/caf%C3%A9/a%20b',
    '/.well-known/x',
  ])('accepts %s', (written) => {
    expect(pathPattern().parse(written)).toBe(written);
  });

  it.each([
    '',
    'users',
    '^/a/.*',
    '//users',
    '/users//x',
    '/users/../admin',
    '/users/./x',
    '/..',
    '/users/*',
    '/users*',
    '/**/x',
    '/a**',
    '/users?x=1',
    '/users#x',
    String.raw`/users\x`,
    '/a b',
    '/ü',
    '/users%2fx',
    '/users%5Cx',
    '/%2e%2e/x',
    '/%7Bid%7D',
    '/%2a',
    '/%',
    '/%zz',
    '/%ff',
    '/users/{id',
    '/users/{}',
    '/users/{1d}',
    '/users/x{id}',
    '/{id}/{id}',
    null,
  ])('refuses %j with one issue', (written) => {
    expect(pathPattern().safeParse(written).error?.issues).toHaveLength(1);
  });

  it.each([
    ['/{id}/{id}', 'a path whose parameters have different names'],
    ['/a//b', 'a path without "//"'],
    ['/a/*', 'a path such as /a/** (all below) or /a/{name} (one segment)'],
    ['/**/b', 'a path with "**" as its last segment only'],
    ['/a%2fb', 'a path that encodes only blanks and UTF-8 letters, and no slash'],
  ])('suggests what %s should be', (written, message) => {
    expect(pathPattern().safeParse(written).error?.issues).toMatchObject([{ message }]);
  });
});
