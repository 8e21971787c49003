import type { Target } from '../target.js';
import type { Balancer } from './balancer.js';
import { at, WeightedRandom } from './weighted-random.js';

/**
 * Draws two and takes the one with fewer tries under way: nearly as even as looking at all of them, at the
 * price of two, and without sending every gateway of a fleet to the same idle target.
 */
export class PowerOfTwo implements Balancer {
  private readonly source: WeightedRandom;

  constructor(
    private targets: readonly Target[],
    random: () => number,
  ) {
    this.source = new WeightedRandom(targets, random);
  }

  use(targets: readonly Target[]): void {
    this.targets = targets;
    this.source.use(targets);
  }

  pick(_key: string | undefined, tried: readonly Target[]): Target {
    const first = at(this.targets, this.source.draw(tried));
    const second = at(this.targets, this.source.draw(tried));
    return first.inFlight <= second.inFlight ? first : second;
  }
}
