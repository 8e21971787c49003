import { hash32, mix32 } from '../../../common/hash.js';
import type { Target } from '../target.js';
import type { Balancer } from './balancer.js';

/**
 * Sends the same key to the same target, by weighted rendezvous hashing (Thaler and Ravishankar, 1998): every target has
 * a score for every key, and the highest score wins. A target that goes leaves all other keys where they are, and its own
 * spread over the others. The score grows with the share of a target that is coming back (`slowStart`), so that it takes
 * its own keys again, one after the other.
 */
export class ConsistentHash implements Balancer {
  private readonly seeds: ReadonlyMap<Target, number>;
  private targets: readonly Target[];

  constructor(
    all: readonly Target[],
    private readonly random: () => number,
  ) {
    this.seeds = new Map(all.map((target) => [target, hash32(target.url)]));
    this.targets = all;
  }

  use(targets: readonly Target[]): void {
    this.targets = targets;
  }

  /** Without a key any target will do. */
  pick(key: string | undefined, tried: readonly Target[]): Target {
    const point = key === undefined ? Math.floor(this.random() * 2 ** 32) : hash32(key);
    let best: Target | undefined;
    let highest = -1;
    for (const target of this.targets) {
      if (tried.includes(target)) continue;
      // Evenly distributed in (0, 1), whatever the key.
      const draw = (mix32(point ^ (this.seeds.get(target) ?? 0)) + 0.5) / 2 ** 32;
      const score = (target.weight * target.share) / -Math.log(draw);
      if (score <= highest) continue;
      best = target;
      highest = score;
    }
    if (!best) throw new TypeError('no targets');
    return best;
  }
}
