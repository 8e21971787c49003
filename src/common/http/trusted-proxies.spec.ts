import { describe, expect, it } from 'vitest';
import { clientIp, compileTrust } from './trusted-proxies.js';

describe('compileTrust', () => {
  it('trusts nobody by default', () => {
    expect(compileTrust([])('127.0.0.1')).toBe(false);
  });

  it('trusts addresses inside the ranges, IPv4-mapped ones too', () => {
    const trusted = compileTrust(['10.0.0.0/8', '192.168.1.1', 'fd00::/8']);
    expect(['10.1.2.3', '192.168.1.1', 'fd00::1', '::ffff:10.1.2.3'].map(trusted)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(['11.0.0.1', '192.168.1.2', 'fe80::1', ''].map(trusted)).toEqual([false, false, false, false]);
  });
});

describe('clientIp', () => {
  const trusted = compileTrust(['10.0.0.0/8']);

  it.each([
    ['1.1.1.1', undefined, '1.1.1.1'],
    ['1.1.1.1', '6.6.6.6', '1.1.1.1'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '2.2.2.2', '2.2.2.2'],
    ['10.0.0.1', '6.6.6.6, 2.2.2.2', '2.2.2.2'],
    ['10.0.0.1', '6.6.6.6, 2.2.2.2, 10.0.0.2', '2.2.2.2'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['10.0.0.1', ' ', '10.0.0.1'],
    ['10.0.0.1', 'unknown', 'unknown'],
  ])('for peer %s with X-Forwarded-For %s is %s', (peer, forwardedFor, client) => {
    expect(clientIp(peer, forwardedFor, trusted)).toBe(client);
  });
});
