import type { Target } from '../target.js';

/** More are not worth it: where nearly all are coming back, there is no one to spare them for. */
const MOST_DRAWS = 8;

/**
 * Draws targets in proportion to their weights, by their place in the list: at once where all weigh the same, else by
 * halving the list.
 */
export class WeightedRandom {
  private readonly bounds: readonly number[];
  private readonly total: number;
  private readonly isEven: boolean;

  constructor(
    private readonly targets: readonly Target[],
    private readonly random: () => number,
  ) {
    let total = 0;
    this.bounds = targets.map(({ weight }) => (total += weight));
    this.total = total;
    this.isEven = targets.every(({ weight }) => weight === targets[0]?.weight);
  }

  /** One that is coming back is drawn in proportion to its share: else another draw decides. */
  draw(): number {
    let index = this.drawAny();
    for (let draws = 1; draws < MOST_DRAWS && isSpared(at(this.targets, index), this.random); draws++)
      index = this.drawAny();
    return index;
  }

  /** One of all the others, coming back or not; without others the same again. */
  drawOther(than: number): number {
    const { length } = this.targets;
    if (length < 2) return than;
    if (this.isEven) {
      const index = Math.floor(this.random() * (length - 1));
      return index < than ? index : index + 1;
    }
    const { weight } = at(this.targets, than);
    const before = (this.bounds[than] ?? 0) - weight;
    const point = this.random() * (this.total - weight);
    return this.indexAt(point < before ? point : point + weight);
  }

  private drawAny(): number {
    if (this.isEven) return Math.floor(this.random() * this.targets.length);
    return this.indexAt(this.random() * this.total);
  }

  /** @param point below the sum of all weights */
  private indexAt(point: number): number {
    let low = 0;
    let high = this.bounds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.bounds[middle] ?? 0) > point) high = middle;
      else low = middle + 1;
    }
    return low;
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
