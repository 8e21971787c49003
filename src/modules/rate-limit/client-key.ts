import { hash } from 'node:crypto';
import { networkOf } from '../../common/http/client-network.js';
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
  return shortened(`a ${networkOf(head.clientIp)}`);
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
