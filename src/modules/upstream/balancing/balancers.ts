import type { BalancerName } from '../../config/gateway-config.js';
import type { BalancerFactory } from './balancer.js';
import { ConsistentHash } from './consistent-hash.js';
import { LeastRequests } from './least-requests.js';
import { PowerOfTwo } from './power-of-two.js';
import { Random } from './random.js';
import { RoundRobin } from './round-robin.js';

/** Every balancer by its name in the configuration. */
export const BALANCERS: Readonly<Record<BalancerName, BalancerFactory>> = {
  'power-of-two': PowerOfTwo,
  'round-robin': RoundRobin,
  random: Random,
  'least-requests': LeastRequests,
  'consistent-hash': ConsistentHash,
};
