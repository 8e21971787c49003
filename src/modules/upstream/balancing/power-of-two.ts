import type { Target } from '../target.js';
import type { Balancer } from './balancer.js';
import { at, isSpared, WeightedRandom } from './weighted-random.js';

/**
 * Draws two different ones and takes the one with fewer tries under way: nearly as even as looking at all of them, at
 * the price of two, and without sending every gateway of a fleet to the same idle target. One that is slow would be
 * drawn twice often enough to slow down one request of nine, where there are three.
 */
export class PowerOfTwo implements Balancer {
  private readonly source: WeightedRandom;

  constructor(
    private readonly targets: readonly Target[],
    private readonly random: () => number,
  ) {
    this.source = new WeightedRandom(targets, random);
  }

  pick(): Target {
    const drawn = this.source.draw();
    const first = at(this.targets, drawn);
    const second = at(this.targets, this.source.drawOther(drawn));
    return isBusier(first, second) && !isSpared(second, this.random) ? second : first;
  }
}

function isBusier(first: Target, second: Target): boolean {
  if (first.weight === second.weight) return first.inFlight > second.inFlight;
  // Leaves room for one more: else the light one would get whatever comes while the heavy one does anything at all.
  return first.inFlight / first.weight > (second.inFlight + 1) / second.weight;
}
