import { LONGEST_TIMER_MS } from '../units/duration.js';

/**
 * A pause spread evenly to either side, so that a fleet of gateways does not do the same at the same instant.
 *
 * @param pause milliseconds
 * @param share of the pause, 0..1
 * @param random in [0, 1)
 * @returns milliseconds, never more than a timer takes: Node makes 1 ms of what is longer
 */
export function jittered(pause: number, share: number, random: number): number {
  return Math.min(pause * (1 - share + 2 * share * random), LONGEST_TIMER_MS);
}
