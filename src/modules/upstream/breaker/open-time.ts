const JITTER = 0.2;

export interface OpenTimeOptions {
  /** Milliseconds. */
  readonly openFor: number;
  /** Milliseconds; no open time is longer. */
  readonly maxOpenFor: number;
}

/**
 * How long a breaker stays open: `openFor` doubled for each trip in a row up to `maxOpenFor`, spread by 20%
 * either way so that the gateways of a fleet do not try an upstream again at the same instant.
 *
 * @param trips trips in a row before this one
 * @param random in [0, 1)
 * @returns milliseconds
 */
export function openTime({ openFor, maxOpenFor }: OpenTimeOptions, trips: number, random: number): number {
  const base = Math.min(openFor * 2 ** Math.min(trips, 30), maxOpenFor);
  return Math.min(Math.round(base * (1 - JITTER + 2 * JITTER * random)), maxOpenFor);
}
