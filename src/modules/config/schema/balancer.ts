import { z } from 'zod';
import { pluginId } from './plugin.js';

/** The balancers of the gateway itself. */
export const BALANCER_NAMES = [
  'power-of-two',
  'round-robin',
  'random',
  'least-requests',
  'consistent-hash',
] as const;

export type BalancerName = (typeof BALANCER_NAMES)[number];

export function isBalancerName(value: unknown): value is BalancerName {
  return BALANCER_NAMES.some((name) => name === value);
}

/** A name, or a plugin; `checks/references.ts` reports what is neither. */
export function balancer() {
  const expected = `${BALANCER_NAMES.join(', ')}, or the id of a plugin`;
  return z.union([z.enum(BALANCER_NAMES, expected), pluginId('a balancer')], expected);
}
