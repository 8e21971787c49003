import { describe, expect, it } from 'vitest';
import { compileTrust } from './trust.js';

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
