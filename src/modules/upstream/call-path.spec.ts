import { expect, it } from 'vitest';
import { callPath } from './call-path.js';

it.each([
  ['/users/1', '/users/1'],
  ['/users?a=1', '/users?a=1'],
  ['/', '/'],
  ['/../users', '/users'],
  ['/a/./b/..', '/a/'],
  ['/users?a=1#part', '/users?a=1'],
  ['//users', '//users'],
  ['/caf\u00e9 1', '/caf%C3%A9%201'],
  ['/a%2Fb', '/a%2Fb'],
])('%s is sent as %s', (path, sent) => expect(callPath(path)).toBe(sent));

it.each(['users', '', '?a=1', 'http://elsewhere/'])('%j is refused', (path) =>
  expect(() => callPath(path)).toThrow(TypeError),
);
