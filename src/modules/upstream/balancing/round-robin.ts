import type { Target } from '../target.js';
import type { Balancer } from './balancer.js';
import { at } from './weighted-random.js';

/** In turn, by weight, spread evenly: 3 and 1 is A A B A, not A A A B. */
export class RoundRobin implements Balancer {
  private turns: readonly { readonly target: Target; credit: number }[] = [];

  constructor(
    targets: readonly Target[],
    private readonly random: () => number,
  ) {
    this.use(targets);
  }

  use(targets: readonly Target[]): void {
    // From a random start, so that the gateways of a fleet do not go in step.
    const start = Math.floor(this.random() * targets.length);
    this.turns = targets.map((_, i) => ({ target: at(targets, (start + i) % targets.length), credit: 0 }));
  }

  /** Those that were tried neither gain nor pay: the others keep to their weights. */
  pick(_key: string | undefined, tried: readonly Target[]): Target {
    let best: (typeof this.turns)[number] | undefined;
    let total = 0;
    for (const turn of this.turns) {
      if (tried.includes(turn.target)) continue;
      const weight = turn.target.weight * turn.target.share;
      turn.credit += weight;
      total += weight;
      if (!best || turn.credit > best.credit) best = turn;
    }
    if (!best) throw new TypeError('no targets');
    best.credit -= total;
    return best.target;
  }
}
