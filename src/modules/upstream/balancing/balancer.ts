import type { Target } from '../target.js';
import type { UpstreamRequest } from '../upstream.types.js';

/** Chooses among the targets of an upstream. */
export interface Balancer {
  /** @param targets those that may be chosen from now on: at least one */
  use(targets: readonly Target[]): void;
  /**
   * @param key what `consistent-hash` hashes
   * @param tried targets that are passed over; never all that may be chosen
   * @param request what plugins choose by
   */
  pick(key: string | undefined, tried: readonly Target[], request: UpstreamRequest): Target;
}

/** @throws TypeError on an empty list; no balancer has one */
export function at(targets: readonly Target[], index: number): Target {
  const target = targets[index];
  if (!target) throw new TypeError('no targets');
  return target;
}
