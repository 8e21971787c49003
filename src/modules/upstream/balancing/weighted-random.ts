import type { Target } from '../target.js';

/** More are not worth it: where nearly all are coming back, there is no one to spare them for. */
const MOST_DRAWS = 8;

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

  /** One that is coming back is drawn in proportion to its share: else another draw decides. */
  draw(): Target {
    let target = this.drawAny();
    for (let draws = 1; draws < MOST_DRAWS && isSpared(target, this.random); draws++) target = this.drawAny();
    return target;
  }

  private drawAny(): Target {
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

/** @returns whether a target that is coming back is left alone this time */
export function isSpared({ share }: Target, random: () => number): boolean {
  return share < 1 && random() >= share;
}

/** @throws TypeError on an empty list, which no balancer is made over */
export function at(targets: readonly Target[], index: number): Target {
  const target = targets[index];
  if (!target) throw new TypeError('no targets');
  return target;
}
