import { describe, expect, it } from 'vitest';
import { applyHeaderRules, compileHeaderRules } from './header-rules.js';

function apply(headers: string[], set: Record<string, string>, remove: string[] = []): string[] {
  const rules = compileHeaderRules({ set, remove }, '/');
  return rules ? applyHeaderRules(headers, rules, '/', undefined) : headers;
}

/** The header `x` of a request, where its value is a template. */
function filled(template: string, pattern: string, path: string, claims?: Record<string, unknown>) {
  const rules = compileHeaderRules({ set: { x: template }, remove: [] }, pattern)!;
  return applyHeaderRules(['X', 'from the client'], rules, path, claims);
}

describe('header rules', () => {
  it('set a field in place of every line of it, whatever its case', () => {
    expect(apply(['X-Api', '1', 'Accept', '*/*', 'x-API', '2'], { 'x-api': '3' })).toEqual([
      'Accept',
      '*/*',
      'x-api',
      '3',
    ]);
  });

  it('remove every line of a field and leave the rest', () => {
    expect(apply(['Set-Cookie', 'a', 'X-A', '1', 'set-cookie', 'b'], {}, ['set-cookie'])).toEqual([
      'X-A',
      '1',
    ]);
  });

  it('set what they also remove', () => {
    expect(apply(['X-A', '1'], { 'x-a': '2' }, ['x-a'])).toEqual(['x-a', '2']);
  });

  it('are nothing when they are empty', () => {
    expect(compileHeaderRules({ set: {}, remove: [] }, '/')).toBeUndefined();
  });

  it.each([
    ['{id}', '/users/{id}', '/users/7', '7'],
    ['user {id} of {org}!', '/{org}/users/{id}', '/acme/users/7', 'user 7 of acme!'],
    ['{id}', '/users/{id}/**', '/users/a%20b/c', 'a%20b'],
    ['{rest}', '/users/**', '/users/7/pets', '7/pets'],
    ['{rest}', '/users/**', '/users', ''],
    ['{rest}', '/{rest}/**', '/a/b', 'a'],
    ['{"a":1}', '/', '/', '{"a":1}'],
    ['{} {a b} {1}', '/', '/', '{} {a b} {1}'],
  ])('fill %s of %s from %s', (template, pattern, path, value) => {
    expect(filled(template, pattern, path)).toEqual(['x', value]);
  });

  it.each([
    ['{claim:tenant}', 'acme'],
    ['{claim:realm_access.roles}', 'clerk manager'],
    ['{claim:https://example.com/plan}', '3'],
    ['t={claim:tenant};n={claim:name}', 't=acme;n=Zo%C3%AB%0D%0AX'],
  ])('fill %s from the token', (template, value) => {
    const claims = {
      tenant: 'acme',
      realm_access: { roles: ['clerk', 'manager'] },
      'https://example.com/plan': 3,
      name: 'Zoë\r\nX',
    };
    expect(filled(template, '/', '/', claims)).toEqual(['x', value]);
  });

  it.each([undefined, {}, { a: {} }, { a: null }])(
    'only remove a header whose claim is missing: %j',
    (claims) => {
      expect(filled('1 {claim:a}', '/', '/', claims)).toEqual([]);
    },
  );
});
