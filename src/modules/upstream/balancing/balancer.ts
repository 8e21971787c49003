import type { Target } from '../target.js';

/** Chooses among targets; made anew whenever the set of targets that may be chosen changes. */
export interface Balancer {
  /** @param key what `consistent-hash` goes by */
  pick(key: string | undefined): Target;
}

export type BalancerFactory = new (targets: readonly Target[], random: () => number) => Balancer;
