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
 * Corrects what a busy machine adds: while a process is ready to run and has no CPU, a client measures the machine instead
 * of the gateway.
 *
 * @returns the requests, each without the milliseconds in which any process stalled
 */
export function withoutStalls(requests: readonly RequestRecord[], stalls: readonly Stall[]): RequestRecord[] {
  const stalled = new StalledTime(stalls);
  return requests.map((request) => ({ ...request, ms: request.ms - stalled.within(intervalOf(request)) }));
}

class StalledTime {
  /** They do not overlap. */
  private readonly intervals: readonly Interval[];
  /** Milliseconds of all intervals before each one. */
  private readonly before: readonly number[];

  constructor(stalls: readonly Stall[]) {
    this.intervals = merged(stalls.map(intervalOf));
    let sum = 0;
    this.before = this.intervals.map(({ from, to }) => (sum += to - from) - (to - from));
  }

  /** @returns milliseconds */
  within({ from, to }: Interval): number {
    return this.until(to) - this.until(from);
  }

  private until(at: number): number {
    const index = this.lastBeginningBefore(at);
    const interval = this.intervals[index];
    if (!interval) return 0;
    return (this.before[index] ?? 0) + Math.min(at, interval.to) - interval.from;
  }

  /** @returns -1 when none does */
  private lastBeginningBefore(at: number): number {
    let low = 0;
    let high = this.intervals.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.intervals[middle]?.from ?? at) < at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
