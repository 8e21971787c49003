import { hash32 } from '../../common/hash.js';
import type { SplitConfig } from '../config/gateway-config.js';

/** Divides the users of a route between upstreams by weight. */
export class Split {
  private readonly sides: readonly { readonly upstream: string; readonly upTo: number }[];
  private readonly total: number;

  /** @param sides at least one of them has a weight above 0 */
  constructor(sides: readonly SplitConfig[]) {
    let upTo = 0;
    const weighty = sides.filter(({ weight }) => weight > 0);
    this.sides = weighty.map(({ upstream, weight }) => ({ upstream, upTo: (upTo += weight) }));
    this.total = upTo;
  }

  /**
   * @returns the same upstream for the same key while the weights stay. When two upstreams change weights, the users of
   *   the one that gains weight stay there
   */
  upstreamOf(key: string): string {
    // Without a prefix, an upstream would only get users of one part of its own `consistent-hash` ring.
    const point = (hash32(`split:${key}`) / 2 ** 32) * this.total;
    return this.sides.find(({ upTo }) => point < upTo)?.upstream ?? '';
  }
}
