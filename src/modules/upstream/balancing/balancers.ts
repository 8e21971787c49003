import type { BalancerName } from '../../config/gateway-config.js';
import type { BalancerFactory } from './balancer.js';
import { ConsistentHash } from './consistent-hash.js';
import { LeastRequests } from './least-requests.js';
import { PowerOfTwo } from './power-of-two.js';
import { RoundRobin } from './round-robin.js';
import { WeightedRandom } from './weighted-random.js';

/** Every balancer by its name in the configuration. */
export const BALANCERS: Readonly<Record<BalancerName, BalancerFactory>> = {
  'power-of-two': PowerOfTwo,
  'round-robin': RoundRobin,
  random: WeightedRandom,
  'least-requests': LeastRequests,
  'consistent-hash': ConsistentHash,
};
