import type { Target } from '../target.js';
import type { Balancer } from './balancer.js';
import { at, isSpared } from './weighted-random.js';

/** Looks at all of them and takes the one with the fewest tries under way for its weight. */
export class LeastRequests implements Balancer {
  constructor(
    private readonly targets: readonly Target[],
    private readonly random: () => number,
  ) {}

  pick(): Target {
    // From a random start, so that equals share.
    const start = Math.floor(this.random() * this.targets.length);
    const first = at(this.targets, start);
    let best = isSpared(first, this.random) ? undefined : first;
    for (let i = 1; i < this.targets.length; i++) {
      const each = at(this.targets, (start + i) % this.targets.length);
      if (isSpared(each, this.random)) continue;
      if (!best || each.inFlight / each.weight < best.inFlight / best.weight) best = each;
    }
    return best ?? first;
  }
}
