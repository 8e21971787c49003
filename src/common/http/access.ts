import { isIP } from 'node:net';
import { compileRanges } from './forwarded.js';

/** Addresses and CIDR blocks. An empty `allow` allows everybody. */
export interface AccessRules {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/**
 * Compiles which clients can call. `deny` wins over `allow`.
 *
 * @returns whether an address can; what is no address, as a proxy may write it, cannot. `undefined` without rules.
 */
export function compileAccess({ allow, deny }: AccessRules): ((address: string) => boolean) | undefined {
  if (allow.length === 0 && deny.length === 0) return undefined;
  const isAllowed = allow.length === 0 ? () => true : compileRanges(allow);
  const isDenied = compileRanges(deny);
  return (address) => isIP(address) !== 0 && !isDenied(address) && isAllowed(address);
}
