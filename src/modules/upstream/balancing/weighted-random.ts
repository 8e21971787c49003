import type { Target } from '../target.js';
import { at, type Balancer } from './balancer.js';

const NONE = -1;

/** Picks targets in proportion to their weights, whatever their load. The balancers that compare targets draw them with it. */
export class WeightedRandom implements Balancer {
  constructor(
    protected targets: readonly Target[],
    private readonly random: () => number,
  ) {}

  use(targets: readonly Target[]): void {
    this.targets = targets;
  }

  pick(_key: string | undefined, tried: readonly Target[]): Target {
    return at(this.targets, this.draw(tried));
  }

  /**
   * Draws a target. One that is coming back (`slowStart`) is drawn in proportion to its share as well.
   *
   * @param tried targets that are passed over
   * @param first index of a target that is passed over as well, because it has been drawn already
   * @returns an index, or -1 when there is none left
   */
  protected draw(tried: readonly Target[], first = NONE): number {
    const weightOf = (target: Target, i: number) =>
      i === first || tried.includes(target) ? 0 : target.weight * target.share;
    let point = this.random() * this.targets.reduce((sum, target, i) => sum + weightOf(target, i), 0);
    let drawn = NONE;
    for (let i = 0; i < this.targets.length && point >= 0; i++) {
      const weight = weightOf(at(this.targets, i), i);
      if (weight === 0) continue;
      // The last one stays drawn when rounding leaves a rest.
      drawn = i;
      point -= weight;
    }
    return drawn;
  }
}

/**
 * Compares two targets that were both drawn by weight. One that is busier by less than a whole request keeps its draw:
 * where hardly anything is under way, the lightest target would nearly always look idle, and get more than its share.
 *
 * @returns whether another target would be no busier with one more try than this one is now, each for its weight
 */
export function isLessBusy(other: Target, than: Target): boolean {
  return loadWithOneMore(other) <= than.inFlight / (than.weight * than.share);
}

/** @returns tries for each unit of weight, were there one more */
export function loadWithOneMore({ inFlight, weight, share }: Target): number {
  return (inFlight + 1) / (weight * share);
}
