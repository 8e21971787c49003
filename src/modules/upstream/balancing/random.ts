import type { Target } from '../target.js';
import type { Balancer } from './balancer.js';
import { WeightedRandom } from './weighted-random.js';

/** By weight, blind to load. */
export class Random implements Balancer {
  private readonly source: WeightedRandom;

  constructor(targets: readonly Target[], random: () => number) {
    this.source = new WeightedRandom(targets, random);
  }

  pick(): Target {
    return this.source.draw();
  }
}
