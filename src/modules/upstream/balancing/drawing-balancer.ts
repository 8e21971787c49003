import type { Target } from '../target.js';
import type { Balancer } from './balancer.js';
import { WeightedRandom } from './weighted-random.js';

/** What balancers have in common that draw by weight. */
export abstract class DrawingBalancer implements Balancer {
  protected readonly source: WeightedRandom;

  constructor(
    protected targets: readonly Target[],
    random: () => number,
  ) {
    this.source = new WeightedRandom(targets, random);
  }

  use(targets: readonly Target[]): void {
    this.targets = targets;
    this.source.use(targets);
  }

  abstract pick(key: string | undefined, tried: readonly Target[]): Target;
}
