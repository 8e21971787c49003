/**
 * A pause with full jitter: random between 0 and an exponentially growing bound, so that callers that failed together do
 * not come back together.
 *
 * @param bounds milliseconds; no pause is longer than `max`
 * @param retry 0 for the first retry
 * @param random in [0, 1)
 * @returns milliseconds
 */
export function backoff(bounds: { base: number; max: number }, retry: number, random: number): number {
  return random * Math.min(bounds.max, bounds.base * 2 ** Math.min(retry, 30));
}
