import type { Target } from '../target.js';
import type { Balancer } from './balancer.js';
import { at, WeightedRandom } from './weighted-random.js';

/** By weight, blind to load. */
export class Random implements Balancer {
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
    return at(this.targets, this.source.draw(tried));
  }
}
