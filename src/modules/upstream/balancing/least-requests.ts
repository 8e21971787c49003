import type { Target } from '../target.js';
import { DrawingBalancer } from './drawing-balancer.js';
import { isLessBusy, loadWithOneMore } from './load.js';
import { at } from './weighted-random.js';

/** Looks at all of them and takes the one with the fewest tries under way for its weight. */
export class LeastRequests extends DrawingBalancer {
  override pick(_key: string | undefined, tried: readonly Target[]): Target {
    // From a random start, so that equals share.
    const start = this.source.draw(tried);
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
