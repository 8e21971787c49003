import { describe, expect, it } from 'vitest';
import { bindAddress, cidr, hostMatch, upstreamUrl, webOrigin } from './network.js';

describe('upstreamUrl', () => {
  it.each([
    ['http://users:3001', 'http://users:3001'],
    ['http://users:3001/', 'http://users:3001'],
    ['https://API.example.com/v1/', 'https://api.example.com/v1'],
    ['http://[::1]:3001', 'http://[::1]:3001'],
    ['https://a.example:443/x', 'https://a.example/x'],
  ])('reads %s', (written, url) => {
    expect(upstreamUrl().parse(written)).toBe(url);
  });

  it.each([
    'users:3001',
    'ftp://users',
    'http://',
    'http:users',
    'http:///users',
    'http://me:pw@users',
    'http://@users',
    'http://users?x=1',
    'http://users/?',
    'http://users/#x',
    'http://users/a b',
    String.raw`http://users\x`,
    'http://users:99999',
    'http://users/../admin',
    'http://users/a/..',
    'http://users//a',
    'http://users/a%2fb',
    'http://users/%2e%2e/b',
    3001,
  ])('refuses %j', (written) => {
    expect(upstreamUrl().safeParse(written).success).toBe(false);
  });
});

describe('cidr', () => {
  it.each(['10.0.0.0/8', '10.1.2.3', '::1', 'fd00::/8', '0.0.0.0/0', '::/128'])('accepts %s', (written) => {
    expect(cidr().parse(written)).toBe(written);
  });

  it.each([
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    'localhost',
    '',
    'fe80::1%eth0',
    10,
  ])('refuses %j', (written) => {
    expect(cidr().safeParse(written).success).toBe(false);
  });
});

describe('hostMatch', () => {
  it.each([
    ['API.example.com', 'api.example.com'],
    ['*.Example.com', '*.example.com'],
    ['user_service', 'user_service'],
    ['10.0.0.1', '10.0.0.1'],
    ['[::1]', '[::1]'],
  ])('reads %s', (written, host) => {
    expect(hostMatch().parse(written)).toBe(host);
  });

  it.each([
    '*',
    '*.',
    'a.*.com',
    '*a.com',
    'a.com:80',
    'a.com.',
    '.a.com',
    'a..b',
    '-a.com',
    'a b',
    '',
    '::1',
    '*.[::1]',
    'a@b',
  ])('refuses %j', (written) => {
    expect(hostMatch().safeParse(written).success).toBe(false);
  });
});

describe('webOrigin', () => {
  it.each(['https://app.example.com', 'http://localhost:5173', '*'])('accepts %s', (written) => {
    expect(webOrigin().parse(written)).toBe(written);
  });

  it.each([
    'https://app.example.com/',
    'app.example.com',
    'https://APP.example.com',
    'null',
    'https://*.example.com/x',
    'ftp://a',
    '',
  ])('refuses %j', (written) => {
    expect(webOrigin().safeParse(written).success).toBe(false);
  });
});

describe('bindAddress', () => {
  it.each(['0.0.0.0', '::', '127.0.0.1', 'localhost', 'gateway.internal'])('accepts %s', (written) => {
    expect(bindAddress().parse(written)).toBe(written);
  });

  it.each(['', '*', 'localhost:80', 'a b', 'http://localhost', 0])('refuses %j', (written) => {
    expect(bindAddress().safeParse(written).success).toBe(false);
  });
});
