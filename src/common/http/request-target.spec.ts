import { describe, expect, it } from 'vitest';
import { ProblemError } from '../errors/problem.js';
import { normaliseHost, parseTarget } from './request-target.js';

function refusal(target: string): string {
  try {
    return `accepted as ${parseTarget(target).path}`;
  } catch (error) {
    return error instanceof ProblemError ? error.code : String(error);
  }
}

describe('parseTarget', () => {
  it.each([
    ['/', '/'],
    ['/users/1', '/users/1'],
    ['/users/', '/users/'],
    ['/.well-known/jwks.json', '/.well-known/jwks.json'],
    ['/a;v=1/b,c/(d)!', '/a;v=1/b,c/(d)!'],
    ['/%61dmin', '/admin'],
    ['/%7Euser', '/~user'],
    ['/a%20b%c3%bc', '/a%20b%C3%BC'],
    ['//admin///x', '//admin///x'],
    ['/fetch/https://a.test/b', '/fetch/https://a.test/b'],
    ['/a%2fb', '/a%2Fb'],
    // Decoded once, never twice.
    ['/%252e%252e/admin', '/%252e%252e/admin'],
    ['/a%3Fb', '/a%3Fb'],
    ['/...', '/...'],
  ])('reads %s as %s', (target, path) => {
    expect(parseTarget(target).path).toBe(path);
  });

  it.each([
    '/public/../admin',
    '/..',
    '/.',
    '/a/./b',
    '/%2e%2e/admin',
    '/.%2E/admin',
    '/..;/admin',
    '/..;x=1/admin',
    '/a//../b',
    '/a%2f..%2fb',
    '/a%2f%2e%2e/b',
    '/a/..%2fb',
    '/a%5cb',
    '/a\\b',
    '/a%00.css',
    '/a%0d%0aX-Evil:1',
    '/a%7f',
    '/a%ff',
    '/a%c3',
    '/a%',
    '/a%2',
    '/a%zz',
    '/ü',
    '/a b',
    '/a#b',
    '/a?b#c',
    '*',
    'users/1',
    '',
    'ftp://a.com/x',
  ])('refuses %s', (target) => {
    expect(refusal(target)).toBe('malformed_path');
  });

  it.each([
    ['/a/b', undefined],
    ['/%61', undefined],
    ['//a///b/', ['/a/b/']],
    ['/a%2fb', ['/a/b']],
    ['/a%2f%2Fb', ['/a/b', '/a//b']],
    ['//a%2fb', ['/a/b', '//a/b', '/a%2Fb']],
    ['/a%252fb', undefined],
    ['/a;x=1/b', ['/a/b']],
    ['/a;x%2Fb', ['/a;x/b', '/a/b', '/a']],
    ['/;x/b', ['/b', '//b']],
    ['/a%3Bx', undefined],
  ])('says that lax servers could read %s as %j', (target, lax) => {
    expect(parseTarget(target).laxPaths).toEqual(lax);
  });

  it('leaves the query as it is', () => {
    expect(parseTarget('/a?x=%2e%2e/%00&x=1')).toEqual({
      path: '/a',
      query: '?x=%2e%2e/%00&x=1',
      authority: undefined,
    });
    expect(parseTarget('/a?').query).toBe('?');
  });

  it('takes the authority of an absolute-form target', () => {
    expect(parseTarget('http://a.com:81/x?y')).toEqual({ path: '/x', query: '?y', authority: 'a.com:81' });
    expect(parseTarget('http://a.com')).toMatchObject({ path: '/', authority: 'a.com' });
    expect(parseTarget('http://a.com?y')).toMatchObject({ path: '/', query: '?y' });
    expect(refusal('http:///admin')).toBe('malformed_host');
  });
});

describe('normaliseHost', () => {
  it.each([
    ['A.com', 'a.com'],
    ['a.com.', 'a.com'],
    ['a.com:8080', 'a.com'],
    ['a.com.:80', 'a.com'],
    ['127.0.0.1:1', '127.0.0.1'],
    ['[::1]:8080', '[::1]'],
    ['my_service', 'my_service'],
  ])('reads %s as %s', (authority, host) => {
    expect(normaliseHost(authority)).toBe(host);
  });

  it.each([
    '',
    'a@b',
    'user:pass@b',
    'a:99999',
    'a:x',
    'a:',
    'a b',
    'a\0',
    'a/b',
    'a..b',
    '.a',
    '[::1',
    'a,b',
    '%61',
  ])('refuses %j', (authority) => {
    expect(() => normaliseHost(authority)).toThrow(expect.objectContaining({ code: 'malformed_host' }));
  });
});
