import { describe, expect, it } from 'vitest';
import { compileAccess } from './access.js';

const admitted = (allow: string[], deny: string[], ...addresses: string[]) =>
  addresses.filter((address) => compileAccess({ allow, deny })?.(address));

describe('compileAccess', () => {
  it('is nothing without rules', () => {
    expect(compileAccess({ allow: [], deny: [] })).toBeUndefined();
  });

  it('admits the allowed addresses alone', () => {
    expect(
      admitted(['10.0.0.0/8', '2001:db8::/32'], [], '10.1.2.3', '11.1.2.3', '2001:db8::1', '::1'),
    ).toEqual(['10.1.2.3', '2001:db8::1']);
  });

  it('admits all but the denied addresses', () => {
    expect(admitted([], ['10.0.0.0/8', '::1'], '10.1.2.3', '11.1.2.3', '2001:db8::1', '::1')).toEqual([
      '11.1.2.3',
      '2001:db8::1',
    ]);
  });

  it('denies what is both allowed and denied', () => {
    expect(admitted(['10.0.0.0/8'], ['10.1.0.0/16'], '10.1.2.3', '10.2.2.3')).toEqual(['10.2.2.3']);
  });

  it.each(['', 'unknown', '_hidden', '10.0.0.1:80', '10.0.0', '10.0.0.01', '1.2.3.4, 10.0.0.1'])(
    'admits nobody whose address is %s',
    (address) => {
      expect(admitted(['10.0.0.0/8', '1.2.3.4'], [], address)).toEqual([]);
      expect(admitted([], ['192.0.2.0/24'], address)).toEqual([]);
    },
  );

  it('reads IPv4-mapped addresses as IPv4, and the zone of an address not at all', () => {
    expect(
      admitted([], ['10.0.0.0/8', 'fe80::/10'], '::ffff:10.0.0.1', '::ffff:a00:1', 'fe80::1%eth0'),
    ).toEqual([]);
  });

  it('takes ::/0 for all of IPv6, and 0.0.0.0/0 for all of IPv4', () => {
    expect(admitted(['::/0'], [], '10.0.0.1', '2001:db8::1')).toEqual(['2001:db8::1']);
    expect(admitted(['0.0.0.0/0'], [], '10.0.0.1', '2001:db8::1')).toEqual(['10.0.0.1']);
    expect(admitted([], ['::ffff:0:0/96'], '10.0.0.1', '2001:db8::1')).toEqual(['2001:db8::1']);
  });
});
