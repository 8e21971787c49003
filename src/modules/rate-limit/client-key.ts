import { hash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { RateLimitConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';

/** Characters. Subjects and headers can be long, and many keys are kept. */
const MAX_LENGTH = 64;

/** @returns what tells the clients of a limit apart; different kinds of clients never have the same key */
export function keyReader(key: RateLimitConfig['key']): (exchange: Exchange) => string {
  switch (key) {
    case 'route':
      return () => '';
    case 'ip':
      return addressKey;
    case 'user':
      return userKey;
    default:
      return headerKey(key.slice('header:'.length));
  }
}

/** By its verified identity, or by its address when it is anonymous. */
export function userKey(exchange: Exchange): string {
  const { identity } = exchange;
  // A token without a subject names nobody.
  if (!identity || identity.subject === '') return addressKey(exchange);
  return shortened(`u ${identity.provider} ${identity.subject}`);
}

export function addressKey({ head }: Exchange): string {
  return `a ${networkOf(head.clientIp)}`;
}

/** Anybody can write a header, so it only counts from peers that overwrite what others have written. */
function headerKey(name: string): (exchange: Exchange) => string {
  return (exchange) => {
    const value = exchange.head.peerTrusted ? exchange.req.headers[name]?.toString() : undefined;
    return value === undefined ? addressKey(exchange) : shortened(`h ${value}`);
  };
}

function shortened(key: string): string {
  return key.length <= MAX_LENGTH ? key : `${key[0]}# ${hash('sha256', key, 'base64url')}`;
}

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
  if (!isIPv6(v6)) return shortened(address);
  const [head = '', tail] = v6.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  const groups = [...first, ...Array<string>(Math.max(0, zeros)).fill('0'), ...last].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
