import { describe, expect, it } from 'vitest';
import { type PublicAddress, toPublic } from './public-address.js';

const STRIPPED: PublicAddress = {
  hosts: new Map([
    ['127.0.0.1:3001', '/base'],
    ['users', '/base'],
  ]),
  base: '/base',
  swap: { upstream: '', public: '/users' },
};
const MOVED: PublicAddress = {
  hosts: new Map([['users:3001', '']]),
  base: '',
  swap: { upstream: '/v1', public: '/people' },
};
const AT_BASE: PublicAddress = {
  hosts: new Map([['users', '/base']]),
  base: '/base',
  swap: { upstream: '', public: '' },
};
const UNPREFIXED: PublicAddress = {
  hosts: new Map([['users', '']]),
  base: '',
  swap: { upstream: '/v1', public: '' },
};
const UNKNOWN: PublicAddress = { hosts: new Map([['users:3001', '']]), base: '', swap: undefined };

describe('Location and Content-Location', () => {
  it.each([
    ['http://127.0.0.1:3001/base/dir/?a=b#c', STRIPPED, '/users/dir/?a=b#c'],
    ['http://users/base', STRIPPED, '/users'],
    ['http://USERS:80/base/', STRIPPED, '/users/'],
    ['//users/base/1', STRIPPED, '/users/1'],
    ['/base/1', STRIPPED, '/users/1'],
    ['/base?a', STRIPPED, '/users?a'],
    ['/base/users/1', STRIPPED, '/users/1'],
    ['/users/1', STRIPPED, '/users/1'],
    ['/elsewhere', STRIPPED, '/elsewhere'],
    ['http://users/elsewhere', STRIPPED, '/elsewhere'],
    ['dir/', STRIPPED, 'dir/'],
    [
      'https://idp.example/login?back=http://users/base/1',
      STRIPPED,
      'https://idp.example/login?back=http://users/base/1',
    ],
    ['http://users:8080/base/1', STRIPPED, 'http://users:8080/base/1'],
    ['mailto:a@users', STRIPPED, 'mailto:a@users'],
    ['http://users:3001//evil.example/', UNKNOWN, '/.//evil.example/'],
    ['http://users:3001/\\evil.example/', UNKNOWN, '/./\\evil.example/'],
    ['http://users:3001/\t/evil.example/', UNKNOWN, '/./\t/evil.example/'],
    ['/base//evil.example/', AT_BASE, '/.//evil.example/'],
    ['/v1//evil.example/', UNPREFIXED, '/.//evil.example/'],
    ['/base//a', STRIPPED, '/users//a'],
    ['http://[', STRIPPED, 'http://['],
    ['http://users:3001/v1/7', MOVED, '/people/7'],
    ['/v1', MOVED, '/people'],
    ['/v10', MOVED, '/v10'],
    ['http://users:3001', MOVED, '/'],
    ['http://users:3001/a/b', UNKNOWN, '/a/b'],
    ['/a/b', UNKNOWN, '/a/b'],
  ])('%s becomes public', (location, address, expected) => {
    expect(toPublic({ location }, address)).toEqual({ location: expected });
    expect(toPublic({ 'content-location': location }, address)).toEqual({ 'content-location': expected });
  });
});

describe('Set-Cookie', () => {
  it.each([
    ['a=1; Domain=127.0.0.1; HttpOnly', 'a=1; HttpOnly'],
    ['a=1; domain=.Users; Path=/base/sub', 'a=1; Path=/users/sub'],
    ['a=1; Path=/base', 'a=1; Path=/users'],
    ['a=1; Path=/; Secure', 'a=1; Path=/; Secure'],
    ['a=1; Path=/users/sub', 'a=1; Path=/users/sub'],
    ['a=1; Domain=example.com', 'a=1; Domain=example.com'],
    ['a=Domain=users; Path', 'a=Domain=users; Path'],
    ['a=1', 'a=1'],
  ])('%s becomes %s', (cookie, expected) => {
    expect(toPublic({ 'set-cookie': cookie }, STRIPPED)).toEqual({ 'set-cookie': expected });
    expect(toPublic({ 'set-cookie': [cookie, 'b=2'] }, STRIPPED)).toEqual({
      'set-cookie': [expected, 'b=2'],
    });
  });
});

it('takes references without a host for those of the one that has answered', () => {
  const hosts = new Map([
    ['users-v1', '/v1'],
    ['users-v2', '/v2'],
  ]);
  const address = { hosts, base: '/v2', swap: { upstream: '', public: '' } };
  const headers = { location: '/v2/items/5', 'set-cookie': 'a=1; Path=/v2/items' };
  expect(toPublic(headers, address)).toEqual({ location: '/items/5', 'set-cookie': 'a=1; Path=/items' });
  expect(toPublic({ location: '/v1/items' }, address)).toEqual({ location: '/v1/items' });
  expect(toPublic({ location: 'http://users-v1/v1/items' }, address)).toEqual({ location: '/items' });
});

describe('the name by which the client has called', () => {
  const called = (isOverTls: boolean): PublicAddress => ({
    hosts: new Map([
      ['users:3001', '/base'],
      ['example.com', '/base'],
    ]),
    base: '/base',
    called: { host: 'example.com', isOverTls },
    swap: { upstream: '', public: '/users' },
  });

  it.each([
    ['https://example.com/base/1', false, 'https://example.com/users/1'],
    ['https://EXAMPLE.com:443', false, 'https://example.com/'],
    ['https://example.com/base/1', true, '/users/1'],
    // Behind TLS, many services know nothing of it.
    ['http://example.com/base/1', true, '/users/1'],
    ['http://example.com/base/1', false, '/users/1'],
    ['//example.com/base/1', false, '/users/1'],
    ['https://users:3001/base/1', false, '/users/1'],
    ['https://example.com:8443/base/1', false, 'https://example.com:8443/base/1'],
  ])('%s keeps its host only when it asks for TLS (over TLS: %s)', (location, isOverTls, expected) => {
    expect(toPublic({ location }, called(isOverTls))).toEqual({ location: expected });
  });

  it.each(['a=1; Domain=example.com', 'a=1; Domain=.example.com'])('stays in a cookie: %s', (cookie) => {
    expect(toPublic({ 'set-cookie': cookie }, called(false))).toEqual({ 'set-cookie': cookie });
  });
});

it('returns the same headers when none of them names an address', () => {
  const headers = { etag: '"1"' };
  expect(toPublic(headers, STRIPPED)).toBe(headers);
});
