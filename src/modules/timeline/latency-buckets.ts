/** Buckets grow by a quarter of an octave, so that a percentile is wrong by 19% at most. */
const PER_OCTAVE = 4;
/** Milliseconds of the first bucket: 2 ** -FIRST_OCTAVE. */
const FIRST_OCTAVE = 2;
/** The last one takes everything above 38 seconds. */
export const BUCKETS = 72;

/** @returns the index of the bucket of a duration in milliseconds */
export function bucketOf(ms: number): number {
  const index = Math.ceil((Math.log2(ms) + FIRST_OCTAVE) * PER_OCTAVE);
  return index > 0 ? Math.min(index, BUCKETS - 1) : 0;
}

/** @returns milliseconds that no duration of the bucket exceeds, to three digits */
export function boundOf(bucket: number): number {
  return Number((2 ** (bucket / PER_OCTAVE - FIRST_OCTAVE)).toPrecision(3));
}

/** @returns the first bucket up to which this share of the observations lie; `undefined` without observations */
export function percentile(buckets: Uint32Array, share: number): number | undefined {
  let total = 0;
  for (const count of buckets) total += count;
  if (total === 0) return undefined;
  let left = Math.ceil(total * share);
  return buckets.findIndex((count) => (left -= count) <= 0);
}
