import type { Target } from '../target.js';

/** Draws targets in proportion to their weights; one comparison for each halving of the list. */
export class WeightedRandom {
  private readonly bounds: readonly number[];
  private readonly total: number;

  constructor(
    private readonly targets: readonly Target[],
    private readonly random: () => number,
  ) {
    let total = 0;
    this.bounds = targets.map(({ weight }) => (total += weight));
    this.total = total;
  }

  draw(): Target {
    const point = this.random() * this.total;
    let low = 0;
    let high = this.bounds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.bounds[middle] ?? 0) > point) high = middle;
      else low = middle + 1;
    }
    return at(this.targets, low);
  }
}

/** @throws TypeError on an empty list, which no balancer is made over */
export function at(targets: readonly Target[], index: number): Target {
  const target = targets[index];
  if (!target) throw new TypeError('no targets');
  return target;
}
