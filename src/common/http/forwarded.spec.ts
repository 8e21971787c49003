import { describe, expect, it } from 'vitest';
import { clientIp, compileRanges, forwardedField, portOf, unmapped } from './forwarded.js';

describe('compileRanges', () => {
  it('trusts nobody by default', () => {
    expect(compileRanges([])('127.0.0.1')).toBe(false);
  });

  it('trusts addresses inside the ranges, IPv4-mapped ones too', () => {
    const trusted = compileRanges(['10.0.0.0/8', '192.168.1.1', 'fd00::/8']);
    expect(['10.1.2.3', '192.168.1.1', 'fd00::1', '::ffff:10.1.2.3'].map(trusted)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(['11.0.0.1', '192.168.1.2', 'fe80::1', ''].map(trusted)).toEqual([false, false, false, false]);
  });
});

describe('compileRanges of IPv4-mapped ranges', () => {
  it.each([
    ['::ffff:10.0.0.0/104', '10.1.2.3', '11.0.0.1'],
    ['::ffff:192.168.1.1', '192.168.1.1', '192.168.1.2'],
    ['::ffff:0:0/96', '10.1.2.3', 'fd00::1'],
  ])('%s trusts %s, and not %s', (range, inside, outside) => {
    const trusted = compileRanges([range]);
    expect([trusted(inside), trusted(outside)]).toEqual([true, false]);
  });
});

describe('unmapped', () => {
  it.each([
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::FFFF:7f00:1', '127.0.0.1'],
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::ffff:1:2:3', '::ffff:1:2:3'],
    ['', ''],
  ])('writes %s as %s', (address, written) => {
    expect(unmapped(address)).toBe(written);
  });
});

describe('clientIp', () => {
  const trusted = compileRanges(['10.0.0.0/8']);

  it.each([
    ['1.1.1.1', undefined, '1.1.1.1'],
    ['1.1.1.1', '6.6.6.6', '1.1.1.1'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '2.2.2.2', '2.2.2.2'],
    ['10.0.0.1', '6.6.6.6, 2.2.2.2', '2.2.2.2'],
    ['10.0.0.1', '6.6.6.6, 2.2.2.2, 10.0.0.2', '2.2.2.2'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['10.0.0.1', ' ', '10.0.0.1'],
    ['10.0.0.1', '::ffff:2.2.2.2', '2.2.2.2'],
    ['10.0.0.1', '6.6.6.6, 2.2.2.2:4711, 10.0.0.2:80', '2.2.2.2'],
    ['10.0.0.1', '[2001:db8::2]:4711', '2001:db8::2'],
    ['10.0.0.1', '[::ffff:2.2.2.2]', '2.2.2.2'],
    ['10.0.0.1', '2001:db8::2:4711', '2001:db8::2:4711'],
    ['10.0.0.1', 'unknown', 'unknown'],
  ])('for peer %s with X-Forwarded-For %s is %s', (peer, forwardedFor, client) => {
    expect(clientIp(peer, forwardedFor, trusted)).toBe(client);
  });
});

const ORIGIN = { for: '203.0.113.7', host: 'www.example.com', proto: 'https', port: '', prefix: '' };

describe('forwardedField', () => {
  it.each([
    [{}, 'for=203.0.113.7;host=www.example.com;proto=https'],
    [{ for: '203.0.113.7, 10.0.0.1' }, 'for=203.0.113.7;host=www.example.com;proto=https, for=10.0.0.1'],
    [{ for: '::1' }, 'for="[::1]";host=www.example.com;proto=https'],
    [{ for: '10.0.0.1:4711' }, 'for="10.0.0.1:4711";host=www.example.com;proto=https'],
    [{ for: '' }, 'for=unknown;host=www.example.com;proto=https'],
    [{ host: 'a.test:8443, b.test', proto: 'https, http' }, 'for=203.0.113.7;host="a.test:8443";proto=https'],
    [{ for: '6.6.6.6";proto="http', host: 'a";proto="http' }, 'for=unknown;proto=https'],
  ])('writes %j as %s', (origin, field) => {
    expect(forwardedField({ ...ORIGIN, ...origin })).toBe(field);
  });
});

describe('portOf', () => {
  it.each([
    ['www.example.com', 'https', '443'],
    ['www.example.com', 'http', '80'],
    ['www.example.com:8443', 'https', '8443'],
    ['[::1]', 'http', '80'],
    ['[::1]:8080', 'http', '8080'],
  ])('of %s over %s is %s', (host, proto, port) => {
    expect(portOf({ host, proto })).toBe(port);
  });
});
