import type { Target } from '../target.js';
import { at, type Balancer } from './balancer.js';

/** After so many draws that hit a target to be passed over, all targets are compared instead. */
const MAX_DRAWS = 8;
const NONE = -1;

/**
 * Picks targets in proportion to their weights, whatever their load, by bisection. The balancers that compare targets draw
 * them with it.
 */
export class WeightedRandom implements Balancer {
  protected targets: readonly Target[] = [];
  /** Sum of the weights up to and including each target. */
  private bounds: readonly number[] = [];
  private total = 0;

  constructor(
    targets: readonly Target[],
    private readonly random: () => number,
  ) {
    this.use(targets);
  }

  pick(_key: string | undefined, tried: readonly Target[]): Target {
    return at(this.targets, this.draw(tried));
  }

  use(targets: readonly Target[]): void {
    let total = 0;
    this.targets = targets;
    this.bounds = targets.map(({ weight }) => (total += weight));
    this.total = total;
  }

  /**
   * Draws a target. One that is coming back (`slowStart`) is drawn in proportion to its share as well.
   *
   * @param tried targets that are passed over
   * @param first index of a target that is passed over as well, because it has been drawn already
   * @returns an index, or -1 when there is none left
   */
  protected draw(tried: readonly Target[], first = NONE): number {
    if (first !== NONE && this.targets.length === 1) return NONE;
    for (let draws = 0; draws < MAX_DRAWS; draws++) {
      const index = this.drawByWeight(first);
      const target = at(this.targets, index);
      const isSpared = target.share < 1 && this.random() >= target.share;
      if (!isSpared && !tried.includes(target)) return index;
    }
    return this.drawFromAll(tried, first);
  }

  private drawByWeight(first: number): number {
    // The weight of the first is cut out of the range.
    const weight = first === NONE ? 0 : at(this.targets, first).weight;
    let point = this.random() * (this.total - weight);
    if (first !== NONE && point >= (this.bounds[first] ?? 0) - weight) point += weight;
    let low = 0;
    let high = this.bounds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.bounds[middle] ?? 0) > point) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Exact whichever targets are passed over, in one pass and without a list: reservoir sampling by weight. */
  private drawFromAll(tried: readonly Target[], first: number): number {
    let total = 0;
    let drawn = NONE;
    for (let i = 0; i < this.targets.length; i++) {
      const target = at(this.targets, i);
      if (i === first || tried.includes(target)) continue;
      const weight = target.weight * target.share;
      total += weight;
      if (this.random() * total < weight) drawn = i;
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
