import type { Target } from '../target.js';
import { at } from './balancer.js';
import { isLessBusy, loadWithOneMore, WeightedRandom } from './weighted-random.js';

/** Looks at all targets and picks the one with the fewest tries under way for its weight. */
export class LeastRequests extends WeightedRandom {
  override pick(_key: string | undefined, tried: readonly Target[]): Target {
    // The start is random, so that targets of equal load share the requests.
    const start = this.draw(tried);
    const first = at(this.targets, start);
    let least = first;
    let load = Number.POSITIVE_INFINITY;
    for (let i = 1; i < this.targets.length; i++) {
      const each = at(this.targets, (start + i) % this.targets.length);
      if (tried.length > 0 && tried.includes(each)) continue;
      const itsLoad = loadWithOneMore(each);
      if (itsLoad >= load) continue;
      least = each;
      load = itsLoad;
    }
    return isLessBusy(least, first) ? least : first;
  }
}
