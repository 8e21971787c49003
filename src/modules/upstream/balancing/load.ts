import type { Target } from '../target.js';

/**
 * Both are drawn by weight. One that is busier by less than a whole request keeps its draw: where hardly anything is under
 * way, the lightest would look idle nearly always, and get more than its part.
 *
 * @returns whether another target would be no busier with one more try than this one is now, each for its weight
 */
export function isLessBusy(other: Target, than: Target): boolean {
  return loadWithOneMore(other) <= than.inFlight / (than.weight * than.share);
}

/** @returns tries for each unit of weight, were there one more */
export function loadWithOneMore({ inFlight, weight, share }: Target): number {
  return (inFlight + 1) / (weight * share);
}
