import type { Target } from '../target.js';
import { at, type Balancer } from './balancer.js';

/** Picks targets in turn, by weight and spread evenly: weights 3 and 1 give A A B A, not A A A B. */
export class RoundRobin implements Balancer {
  private turns: readonly { readonly target: Target; credit: number }[] = [];

  constructor(
    targets: readonly Target[],
    private readonly random: () => number,
  ) {
    this.use(targets);
  }

  use(targets: readonly Target[]): void {
    // The start is random, so that the gateways of a fleet do not pick the same target at a time.
    const start = Math.floor(this.random() * targets.length);
    this.turns = targets.map((_, i) => ({ target: at(targets, (start + i) % targets.length), credit: 0 }));
  }

  /** Targets that were tried keep their credit, so that the others are picked by their weights. */
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
