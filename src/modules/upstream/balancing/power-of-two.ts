import type { Target } from '../target.js';
import { at } from './balancer.js';
import { isLessBusy, WeightedRandom } from './weighted-random.js';

/**
 * Draws two targets and picks the one with fewer tries under way for its weight. That is nearly as even as to compare all
 * of them, and does not send every gateway of a fleet to the same idle target.
 */
export class PowerOfTwo extends WeightedRandom {
  override pick(_key: string | undefined, tried: readonly Target[]): Target {
    const index = this.draw(tried);
    const first = at(this.targets, index);
    // The two differ: a target that was drawn twice would be picked however busy it is.
    const other = this.draw(tried, index);
    if (other < 0) return first;
    const second = at(this.targets, other);
    return isLessBusy(second, first) ? second : first;
  }
}
