import { BlockList, isIP, isIPv6 } from 'node:net';

/**
 * Compiles CIDRs and single addresses into one predicate.
 *
 * @param ranges validated by the config schema
 * @returns whether an address, IPv4-mapped IPv6 included, is in one of the ranges
 */
export function compileRanges(ranges: readonly string[]): (address: string) => boolean {
  if (ranges.length === 0) return () => false;
  const all = new BlockList();
  // An IPv4 address is in `::/0` otherwise, in its IPv4-mapped form.
  const ipv4 = new BlockList();
  for (const range of ranges) {
    const [address = '', length] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const isIpv4 = family === 'ipv4' || (unmapped(address) !== address && Number(length ?? 128) >= 96);
    for (const list of isIpv4 ? [all, ipv4] : [all]) {
      if (length === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(length), family);
    }
  }
  return (address) => (isIP(address) === 6 ? all.check(address, 'ipv6') : ipv4.check(address, 'ipv4'));
}

const MAPPED = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i;

/** @returns the IPv4 address that an IPv4-mapped IPv6 address stands for, and any other text as it is */
export function unmapped(address: string): string {
  // Nearly all addresses are plain IPv4.
  if (!address.startsWith('::')) return address;
  const [, dotted, high = '', low = ''] = MAPPED.exec(address) ?? [];
  if (dotted !== undefined) return dotted;
  if (high === '') return address;
  const [h, l] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [h >> 8, h & 255, l >> 8, l & 255].join('.');
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
  const hops = forwardedFor.split(',').map((hop) => unmapped(withoutPort(hop.trim())));
  return (hops.findLast((hop) => !isTrusted(hop)) ?? hops[0]) || peer;
}

const ADDRESS_AND_PORT = /^(?:(\d+\.\d+\.\d+\.\d+)|\[([\dA-Fa-f:.]+)\])(?::\d{1,5})?$/;

/** Some proxies write `192.0.2.7:4711` or `[2001:db8::7]:4711`, with which no rule for addresses would hold. */
function withoutPort(hop: string): string {
  const [, ipv4, ipv6] = ADDRESS_AND_PORT.exec(hop) ?? [];
  return ipv4 ?? ipv6 ?? hop;
}

/** Which headers tell upstreams where a request comes from. */
export const FORWARDED_FAMILIES = ['both', 'x-forwarded', 'forwarded', 'none'] as const;
export type ForwardedFamily = (typeof FORWARDED_FAMILIES)[number];

/** Where a request comes from, as `X-Forwarded-*` say it; empty strings for what is not known. */
export interface Origin {
  /** The client and the proxies behind it, separated by commas. */
  for: string;
  host: string;
  proto: string;
  port: string;
  prefix: string;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What a quoted string may hold without escapes, of ASCII. */
const QUOTABLE = /^[\x20!\x23-\x5b\x5d-\x7e]+$/;
const PORT = /:(\d+)$/;

/** @returns the port of the host, or else the default of the protocol */
export function portOf({ host, proto }: Pick<Origin, 'host' | 'proto'>): string {
  return PORT.exec(host)?.[1] ?? (first(proto) === 'https' ? '443' : '80');
}

/**
 * Writes the same as `X-Forwarded-*` in the form of RFC 7239. Host and protocol are those that the first proxy was called
 * with, so they belong to the first element; the others only name their proxies, so that no element contradicts another.
 */
export function forwardedField({ for: hops, host, proto }: Origin): string {
  const elements = hops.split(',').map((hop) => `for=${node(hop.trim())}`);
  elements[0] += parameter('host', first(host)) + parameter('proto', first(proto));
  return elements.join(', ');
}

/** RFC 7239 section 6: IPv6 is in brackets, and whatever has a colon is quoted. */
function node(hop: string): string {
  if (TOKEN.test(hop)) return hop;
  if (isIPv6(hop)) return `"[${hop}]"`;
  return QUOTABLE.test(hop) ? `"${hop}"` : 'unknown';
}

function parameter(name: string, value: string): string {
  if (!QUOTABLE.test(value)) return '';
  return TOKEN.test(value) ? `;${name}=${value}` : `;${name}="${value}"`;
}

function first(list: string): string {
  const comma = list.indexOf(',');
  return (comma === -1 ? list : list.slice(0, comma)).trim();
}
