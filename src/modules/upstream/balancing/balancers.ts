import { type BalancerName, isBalancerName } from '../../config/schema/balancer.js';
import type { Target } from '../target.js';
import type { Balancer, BalancerFactory } from './balancer.js';
import { ConsistentHash } from './consistent-hash.js';
import { LeastRequests } from './least-requests.js';
import { type CurrentPlugin, PluginBalancer } from './plugin-balancer.js';
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

/** Finds the plugins in force. */
export interface FindsPlugins {
  find(id: string): ReturnType<CurrentPlugin>;
}

/** For upstreams that have none. */
export const NO_PLUGINS: FindsPlugins = { find: () => undefined };

/**
 * @param name a name of `BALANCERS`, or the id of a plugin
 * @param upstream its id
 * @returns what makes the balancer of a set of targets
 */
export function balancerOf(
  name: string,
  upstream: string,
  plugins: FindsPlugins,
): (all: readonly Target[], random: () => number) => Balancer {
  if (isBalancerName(name)) return (all, random) => new BALANCERS[name](all, random);
  return (all, random) =>
    new PluginBalancer(upstream, () => plugins.find(name), all, new PowerOfTwo(all, random));
}
