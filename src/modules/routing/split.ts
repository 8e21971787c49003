import { hash32 } from '../../common/hash.js';
import type { SplitConfig } from '../config/gateway-config.js';

/** Names the upstream that a user of a route gets: the same one for the same key while the weights stay. */
export type Split = (key: string) => string;

/**
 * Divides the users of a route between upstreams by weight. When two upstreams change weights, the users of the one that
 * gains weight stay there.
 *
 * @param sides at least one of them has a weight above 0
 */
export function compileSplit(sides: readonly SplitConfig[]): Split {
  let total = 0;
  const weighty = sides.filter(({ weight }) => weight > 0);
  const ranges = weighty.map(({ upstream, weight }) => ({ upstream, upTo: (total += weight) }));
  return (key) => {
    // Without a prefix, an upstream with `consistent-hash` would only get users of one part of its hashes.
    const point = (hash32(`split:${key}`) / 2 ** 32) * total;
    return ranges.find(({ upTo }) => point < upTo)?.upstream ?? '';
  };
}
