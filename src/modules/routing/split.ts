import { hash32 } from '../../common/hash.js';
import type { SplitConfig } from '../config/gateway-config.js';

/** Shares the users of a route between upstreams by weight. */
export class Split {
  private readonly sides: readonly { readonly upstream: string; readonly upTo: number }[];
  private readonly total: number;
  private readonly last: string;

  /** @param sides at least one of them weighs something */
  constructor(sides: readonly SplitConfig[]) {
    let upTo = 0;
    const weighty = sides.filter(({ weight }) => weight > 0);
    this.sides = weighty.map(({ upstream, weight }) => ({ upstream, upTo: (upTo += weight) }));
    this.total = upTo;
    this.last = this.sides.at(-1)?.upstream ?? '';
  }

  /**
   * The same key to the same upstream as long as the weights stay. Between two of them, who is on the side that
   * gains weight stays there.
   */
  upstreamOf(key: string): string {
    // A prefix of its own, or a side would get users of one part of the ring of `consistent-hash` alone.
    const point = (hash32(`split:${key}`) / 2 ** 32) * this.total;
    for (const { upstream, upTo } of this.sides) if (point < upTo) return upstream;
    return this.last;
  }
}
