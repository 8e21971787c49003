import { BlockList, isIP } from 'node:net';

/**
 * Compiles CIDRs and single addresses into one predicate.
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

/**
 * Finds the client behind trusted proxies. `X-Forwarded-For` is read from the right for as long as the address before
 * is trusted; anybody may have written what stands further left.
 */
export function clientIp(
  peer: string,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): string {
  if (forwardedFor === undefined || !isTrusted(peer)) return peer;
  const hops = forwardedFor.split(',').map((hop) => hop.trim());
  return (hops.findLast((hop) => !isTrusted(hop)) ?? hops[0]) || peer;
}
