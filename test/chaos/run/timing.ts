import type { Interval, RequestRecord, Stall } from './types.js';

export const intervalOf = ({ at, ms }: { readonly at: number; readonly ms: number }): Interval => ({
  from: at,
  to: at + ms,
});

export const overlaps = (a: Interval, b: Interval) => a.from <= b.to && b.from <= a.to;

/** @returns the intervals by time, those that overlap as one */
export function merged(intervals: readonly Interval[]): Interval[] {
  const result: { from: number; to: number }[] = [];
  for (const { from, to } of intervals.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}

/**
 * A client that gets no CPU measures itself instead of the gateway.
 *
 * @returns the requests during which no process has stalled
 */
export function timed(requests: readonly RequestRecord[], stalls: readonly Stall[]): RequestRecord[] {
  const stalled = merged(stalls.map(intervalOf));
  return requests.filter((request) => {
    const { from, to } = intervalOf(request);
    const next = stalled[firstEndingFrom(stalled, from)];
    return next === undefined || next.from > to;
  });
}

/** @returns the index of the first of disjoint, sorted intervals that ends at a time or later */
function firstEndingFrom(intervals: readonly Interval[], at: number): number {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((intervals[middle]?.to ?? at) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
