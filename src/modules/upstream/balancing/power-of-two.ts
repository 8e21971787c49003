import type { Target } from '../target.js';
import { DrawingBalancer } from './drawing-balancer.js';
import { isLessBusy } from './load.js';
import { at } from './weighted-random.js';

/**
 * Draws two and takes the one with fewer tries under way for its weight: nearly as even as looking at all of them, at the
 * price of two, and without sending every gateway of a fleet to the same idle target.
 */
export class PowerOfTwo extends DrawingBalancer {
  /** Two different ones: the same one twice would have to be taken however busy it is. */
  override pick(_key: string | undefined, tried: readonly Target[]): Target {
    const index = this.source.draw(tried);
    const first = at(this.targets, index);
    const other = this.source.draw(tried, index);
    if (other < 0) return first;
    const second = at(this.targets, other);
    return isLessBusy(second, first) ? second : first;
  }
}
