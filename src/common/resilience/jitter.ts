import { LONGEST_TIMER_MS } from '../units.js';

/**
 * A pause that is spread evenly to either side, so that the gateways of a fleet do not act at the same instant.
 *
 * @param pause milliseconds
 * @param share of the pause, 0..1
 * @param random in [0, 1)
 * @returns milliseconds, never more than a timer can take: Node turns a longer delay into 1 ms
 */
export function jittered(pause: number, share: number, random: number): number {
  return Math.min(pause * (1 - share + 2 * share * random), LONGEST_TIMER_MS);
}
