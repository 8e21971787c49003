import type { Target } from '../target.js';
import { at } from './balancer.js';
import { WeightedRandom } from './weighted-random.js';

/** Picks by weight, whatever the load. */
export class Random extends WeightedRandom {
  override pick(_key: string | undefined, tried: readonly Target[]): Target {
    return at(this.targets, this.draw(tried));
  }
}
