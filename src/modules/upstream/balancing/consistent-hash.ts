import { hash32 } from '../../../common/hash.js';
import type { Target } from '../target.js';
import type { Balancer } from './balancer.js';
import { at } from './weighted-random.js';

const POINTS_PER_WEIGHT = 160;
/** On the way to a neighbour that is not coming back itself; further along there is hardly one. */
const MOST_STEPS = 64;
/** Which keys of a target that is coming back are with it already: the same ones each time, more and more of them. */
const SCRAMBLE = (Math.sqrt(5) - 1) / 2;

/**
 * The same key to the same target. Each target owns many points on a ring, so that when one goes, its keys
 * spread over the others and all other keys stay.
 */
export class ConsistentHash implements Balancer {
  private readonly points: readonly number[];
  private readonly owners: readonly Target[];

  constructor(
    targets: readonly Target[],
    private readonly random: () => number,
  ) {
    const ring = targets.flatMap((target) =>
      Array.from({ length: target.weight * POINTS_PER_WEIGHT }, (_, i) => ({
        target,
        point: hash32(`${target.url}#${i}`),
      })),
    );
    ring.sort((a, b) => a.point - b.point);
    this.points = ring.map(({ point }) => point);
    this.owners = ring.map(({ target }) => target);
  }

  /** Without a key there is nothing to stick to: any target will do. */
  pick(key: string | undefined): Target {
    const point = key === undefined ? Math.floor(this.random() * 2 ** 32) : hash32(key);
    let low = 0;
    let high = this.points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.points[middle] ?? 0) < point) low = middle + 1;
      else high = middle;
    }
    const owner = at(this.owners, low % this.owners.length);
    return owner.share === 1 || (point * SCRAMBLE) % 1 < owner.share ? owner : this.after(low, owner);
  }

  /** @returns who would have the key if its owner were gone */
  private after(index: number, owner: Target): Target {
    for (let i = 1; i <= MOST_STEPS; i++) {
      const each = at(this.owners, (index + i) % this.owners.length);
      if (each !== owner && each.share === 1) return each;
    }
    return owner;
  }
}
