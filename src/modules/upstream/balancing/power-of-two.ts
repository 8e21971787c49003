import type { Target } from '../target.js';
import type { Balancer } from './balancer.js';
import { WeightedRandom } from './weighted-random.js';

/**
 * Draws two and takes the one with fewer tries under way: nearly as even as looking at all of them, at the
 * price of two, and without sending every gateway of a fleet to the same idle target.
 */
export class PowerOfTwo implements Balancer {
  private readonly source: WeightedRandom;

  constructor(targets: readonly Target[], random: () => number) {
    this.source = new WeightedRandom(targets, random);
  }

  pick(): Target {
    const first = this.source.draw();
    const second = this.source.draw();
    return first.inFlight <= second.inFlight ? first : second;
  }
}
