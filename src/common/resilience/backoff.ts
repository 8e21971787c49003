export interface BackoffOptions {
  /** Milliseconds. */
  readonly base: number;
  /** Milliseconds; no pause is longer. */
  readonly max: number;
}

/**
 * A pause with full jitter: random between 0 and an exponentially growing bound, so that callers that failed together do
 * not come back together.
 *
 * @param retry 0 for the first retry
 * @param random in [0, 1)
 * @returns milliseconds
 */
export function backoff({ base, max }: BackoffOptions, retry: number, random: number): number {
  return random * Math.min(max, base * 2 ** Math.min(retry, 30));
}
