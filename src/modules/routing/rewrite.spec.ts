import { describe, expect, it } from 'vitest';
import { compileRewrite, pathSwapOf } from './rewrite.js';

describe('a rewrite that strips a prefix', () => {
  it.each([
    ['/users/**', '/users', '/users/1', '/1'],
    ['/users/**', '/users', '/users', '/'],
    ['/users/**', '/users', '/users/', '/'],
    ['/a/b/**', '/a/b', '/a/b/c/d', '/c/d'],
    ['/a/b/**', '/a', '/a/b/c', '/b/c'],
    ['/users/{id}', '/users', '/users/1', '/1'],
    ['/users', '/users', '/users', '/'],
    // The spelling of a literal is the client's.
    ['/a!/**', '/a!', '/a%21/x', '/x'],
    ['/caf%c3%a9/**', '/caf%c3%a9', '/caf%C3%A9/x', '/x'],
    ['/**', '/users', '/users/1', '/1'],
    ['/**', '/users', '/users', '/'],
    ['/**', '/users', '/usersx/1', '/usersx/1'],
    ['/**', '/users', '/orders/1', '/orders/1'],
    ['/{tenant}/users', '/acme', '/acme/users', '/users'],
    ['/{tenant}/users', '/acme', '/other/users', '/other/users'],
  ])('%s without %s: %s is %s', (pattern, stripPrefix, path, expected) => {
    expect(compileRewrite(pattern, { stripPrefix })?.(path)).toBe(expected);
  });
});

describe('a rewrite to another path', () => {
  it.each([
    ['/users/**', '/v1/{rest}', '/users/1/a', '/v1/1/a'],
    ['/users/**', '/v1/{rest}', '/users', '/v1'],
    ['/users/**', '/v1/{rest}', '/users/', '/v1/'],
    ['/**', '/{rest}', '/a/b', '/a/b'],
    ['/users/**', '/{rest}', '/users', '/'],
    ['/users/{id}', '/v1/people/{id}/card', '/users/7', '/v1/people/7/card'],
    ['/{a}/{b}/**', '/{b}/{a}/{rest}', '/1/2/3/4', '/2/1/3/4'],
    ['/old', '/new', '/old', '/new'],
    ['/users/{id}', '/v1/{id}', '/users/a%2Bb%20c', '/v1/a%2Bb%20c'],
    ['/users/**', '/caf%c3%a9/{rest}', '/users/%C3%A9', '/caf%C3%A9/%C3%A9'],
    ['/users/{id}', '/v1/{id}', '/users/$&', '/v1/$&'],
    ['/users/{rest}', '/v1/{rest}', '/users/1', '/v1/1'],
  ])('%s as %s: %s is %s', (pattern, template, path, expected) => {
    expect(compileRewrite(pattern, { path: template })?.(path)).toBe(expected);
  });
});

describe('the paths that clients use in place of the upstream’s', () => {
  it.each([
    [undefined, { upstream: '', public: '' }],
    [{ host: 'preserve' }, { upstream: '', public: '' }],
    [{ stripPrefix: '/users' }, { upstream: '', public: '/users' }],
    [{ path: '/v1/{rest}' }, { upstream: '/v1', public: '/users' }],
    [{ path: '/{rest}' }, { upstream: '', public: '/users' }],
    [{ path: '/v1' }, undefined],
  ])('are known for the rewrite %j', (rewrite, swap) => {
    expect(pathSwapOf('/users/**', rewrite)).toEqual(swap);
    expect(pathSwapOf('/{tenant}/**', { path: '/{tenant}/v1/{rest}' })).toBeUndefined();
  });
});
