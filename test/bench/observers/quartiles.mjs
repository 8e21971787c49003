import { median } from '../report/statistics.mjs';

/** The median, and between which two values half of all lie. */
export function quartiles(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(2);
  return `${median(values).toFixed(2)} (half of the rounds: ${at(0.25)} to ${at(0.75)})`;
}
