import { BlockList, isIP } from 'node:net';

/**
 * Compiles CIDRs and single addresses into one question.
 *
 * @param ranges validated by the config schema
 * @returns whether an address, IPv4-mapped IPv6 included, is in one of the ranges
 */
export function compileTrust(ranges: readonly string[]): (address: string) => boolean {
  if (ranges.length === 0) return () => false;
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
