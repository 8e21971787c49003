import type { Target } from '../target.js';

/** Chooses among the targets of an upstream. */
export interface Balancer {
  /** @param targets those that may be chosen from now on: at least one */
  use(targets: readonly Target[]): void;
  /**
   * @param key what `consistent-hash` goes by
   * @param tried targets that are passed over; never all that may be chosen
   */
  pick(key: string | undefined, tried: readonly Target[]): Target;
}

/** @param all every target there will ever be; until it is told otherwise, each may be chosen */
export type BalancerFactory = new (all: readonly Target[], random: () => number) => Balancer;
