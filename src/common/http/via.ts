import { randomBytes } from 'node:crypto';

const pseudonym = `breakwater-${randomBytes(6).toString('hex')}`;

/**
 * How this process signs what it forwards (RFC 9110 section 7.6.3). The pseudonym is one process's own, so
 * that a chain of gateways is no loop, and a request that comes back to us is.
 */
export const VIA = { pseudonym, entry: `1.1 ${pseudonym}` } as const;
