import { type BalancerName, isBalancerName } from '../../config/schema/balancer.js';
import type { Target } from '../target.js';
import type { Balancer } from './balancer.js';
import { ConsistentHash } from './consistent-hash.js';
import { LeastRequests } from './least-requests.js';
import { type FindsPlugins, PluginBalancer } from './plugin-balancer.js';
import { PowerOfTwo } from './power-of-two.js';
import { RoundRobin } from './round-robin.js';
import { WeightedRandom } from './weighted-random.js';

/** @param all every target of the upstream; each may be chosen until `use` is called */
type MakeBalancer = (all: readonly Target[], random: () => number) => Balancer;

/** Every balancer by its name in the configuration. */
export const BALANCERS: Readonly<Record<BalancerName, new (...args: Parameters<MakeBalancer>) => Balancer>> =
  {
    'power-of-two': PowerOfTwo,
    'round-robin': RoundRobin,
    random: WeightedRandom,
    'least-requests': LeastRequests,
    'consistent-hash': ConsistentHash,
  };

/** For upstreams that have none. */
export const NO_PLUGINS: FindsPlugins = { find: () => undefined };

/**
 * @param name a name of `BALANCERS`, or the id of a plugin
 * @param upstream its id
 * @returns what makes the balancer of a set of targets
 */
export function balancerOf(name: string, upstream: string, plugins: FindsPlugins): MakeBalancer {
  if (isBalancerName(name)) return (all, random) => new BALANCERS[name](all, random);
  return (all, random) => new PluginBalancer(upstream, name, plugins, all, new PowerOfTwo(all, random));
}
