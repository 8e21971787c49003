import { isIPv6 } from 'node:net';

const WITH_PORT = /^(?:(\d+\.\d+\.\d+\.\d+)|\[([^\]]+)\]):\d+$/;

/**
 * @param address of a client, perhaps as a proxy has written it: with a port
 * @returns the address, or the /64 of an IPv6 address, since one client has all of it
 */
export function networkOf(address: string): string {
  // Nearly all addresses are plain IPv4.
  if (!address.includes(':')) return address;
  const [, v4, v6 = address] = WITH_PORT.exec(address) ?? [];
  if (v4 !== undefined) return v4;
  if (!isIPv6(v6)) return address;
  const [head = '', tail] = v6.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  const groups = [...first, ...Array<string>(Math.max(0, zeros)).fill('0'), ...last].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
