/** For a one-sided confidence of 95%. */
const Z = 1.645;

/** @returns the value that a share of all values does not exceed (nearest rank), NaN without values */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

/**
 * With few values, their p99 is not much more than their worst luck. This is the least that the true quantile is, with a
 * confidence of 95%: the value at a lower rank, by the normal approximation of the binomial distribution.
 */
export function quantileAtLeast(values: readonly number[], share: number): number {
  const count = values.length;
  const slack = Z * Math.sqrt(count * share * (1 - share));
  return quantile(values, Math.max(0, share - slack / Math.max(1, count)));
}

/** @returns the largest value, -Infinity without values; unlike `Math.max(...values)` for any number of them */
export const largest = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity);
