import type { Target } from '../target.js';

/** More are not worth it: after these, all are looked at. */
const MOST_DRAWS = 8;
const NONE = -1;

/** Draws targets in proportion to their weights: at once where all weigh the same, else by halving the list. */
export class WeightedRandom {
  private targets: readonly Target[] = [];
  /** Sums of the weights up to and with each. */
  private bounds: readonly number[] = [];
  private total = 0;
  private isEven = true;

  constructor(
    targets: readonly Target[],
    private readonly random: () => number,
  ) {
    this.use(targets);
  }

  use(targets: readonly Target[]): void {
    let total = 0;
    this.targets = targets;
    this.bounds = targets.map(({ weight }) => (total += weight));
    this.total = total;
    this.isEven = targets.every(({ weight }) => weight === targets[0]?.weight);
  }

  /**
   * One that is coming back is drawn in proportion to its share as well.
   *
   * @param tried targets that are passed over
   * @param first index of one that is passed over as well, because it has been drawn already
   * @returns an index, -1 when there is none left
   */
  draw(tried: readonly Target[], first = NONE): number {
    if (first !== NONE && this.targets.length === 1) return NONE;
    for (let draws = 0; draws < MOST_DRAWS; draws++) {
      const index = this.isEven ? this.drawEvenly(first) : this.drawByWeight(first);
      const target = at(this.targets, index);
      const isSpared = target.share < 1 && this.random() >= target.share;
      if (!isSpared && !tried.includes(target)) return index;
    }
    return this.drawFromAll(tried, first);
  }

  private drawEvenly(first: number): number {
    const { length } = this.targets;
    if (first === NONE) return Math.floor(this.random() * length);
    const index = Math.floor(this.random() * (length - 1));
    return index < first ? index : index + 1;
  }

  private drawByWeight(first: number): number {
    let point: number;
    if (first === NONE) {
      point = this.random() * this.total;
    } else {
      // As if it were cut out of the line of weights.
      const { weight } = at(this.targets, first);
      point = this.random() * (this.total - weight);
      if (point >= (this.bounds[first] ?? 0) - weight) point += weight;
    }
    let low = 0;
    let high = this.bounds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.bounds[middle] ?? 0) > point) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Exact whoever is passed over, in one pass and without a list: each takes the place of those before it by its part. */
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

/** @throws TypeError on an empty list, which no balancer is made over */
export function at(targets: readonly Target[], index: number): Target {
  const target = targets[index];
  if (!target) throw new TypeError('no targets');
  return target;
}
