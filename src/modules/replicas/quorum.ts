/** What a replica says of an upstream for which its breaker opened by calls or probes of its own. */
export interface Vote {
  /** Milliseconds since the breaker opened. */
  readonly age: number;
  /** Milliseconds until its next trial. */
  readonly openFor: number;
}

/**
 * @param live replicas, this one included
 * @param quorum in (0, 1]
 * @returns how many votes open the breakers of all replicas. One replica's word is never enough for another
 */
export function votesNeeded(live: number, quorum: number): number {
  // In binary, a tenth of thirty is a little more than three.
  return Math.max(2, Math.ceil(live * quorum - 1e-9));
}

/** @returns milliseconds for which at least `needed` replicas keep their breakers open; 0 when fewer do */
export function agreedOpenTime(votes: readonly Vote[], needed: number): number {
  const times = votes.map(({ openFor }) => openFor).toSorted((a, b) => b - a);
  return Math.max(0, times[needed - 1] ?? 0);
}
