import { Injectable } from '@nestjs/common';
import { OverloadHistory, type Rejections } from './overload-history.js';
import { boundOf, BUCKETS, percentile } from './latency-buckets.js';
import type { RouteRows } from './route-counts.js';
import type { Percentiles, Rates, TrafficCounts } from './shapes.js';

/** Seconds that are kept. */
export const KEPT_SECONDS = 900;
/** Seconds whose latencies are kept, for the percentiles of all processes together. */
const KEPT_LATENCIES = 16;

/** The columns of a history. */
export const COUNTS = [
  'requests',
  'errors',
  'rejected',
  'overloaded',
  'fallbacks',
  'stale',
  'cached',
] as const;
const SHARES = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;
const PERCENTILES = ['p50', 'p95', 'p99'] as const;
const NO_REQUESTS = 255;

/** The requests of one second in one process. */
export interface TrafficSample {
  /** Since the epoch. */
  readonly second: number;
  readonly upstreams: readonly UpstreamSample[];
  readonly routes: RouteRows;
  /** Missing when nothing was rejected because the process was overloaded. */
  readonly rejections?: Rejections;
}

export interface UpstreamSample {
  readonly upstream: string;
  /** In the order of `COUNTS`. */
  readonly counts: Uint32Array;
  /** How many requests each bucket of latencies has. */
  readonly latencies: Uint32Array;
}

/** The requests of the last 15 minutes by upstream, those of all processes of the gateway. */
@Injectable()
export class TrafficHistory {
  readonly overloads = new OverloadHistory();
  private readonly upstreams = new Map<string, UpstreamHistory>();

  add({ second, upstreams, rejections }: Omit<TrafficSample, 'routes'>): void {
    if (rejections) this.overloads.add(second, rejections);
    for (const sample of upstreams) {
      let history = this.upstreams.get(sample.upstream);
      if (!history) this.upstreams.set(sample.upstream, (history = new UpstreamHistory(second)));
      history.add(second, sample);
    }
  }

  forget(upstream: string): void {
    this.upstreams.delete(upstream);
  }

  /** @returns each of the `seconds` before `now`, in seconds since the epoch */
  rates(upstream: string, now: number, seconds: number): Rates {
    return (this.upstreams.get(upstream) ?? NO_HISTORY).rates(now - seconds, now);
  }

  /** @returns the sums of the `seconds` before `now` and of the current one */
  sums(upstream: string, now: number, seconds: number): TrafficCounts & Percentiles {
    return (this.upstreams.get(upstream) ?? NO_HISTORY).sums(now - seconds, now + 1);
  }
}

/** Rings of typed arrays: 28 KiB of counts and 4.5 KiB of latencies. */
class UpstreamHistory {
  private readonly counts = new Uint32Array(KEPT_SECONDS * COUNTS.length);
  /** Indices of buckets. */
  private readonly percentiles = new Uint8Array(KEPT_SECONDS * PERCENTILES.length).fill(NO_REQUESTS);
  private readonly latencies = new Uint32Array(KEPT_LATENCIES * BUCKETS);

  /** @param last the newest second */
  constructor(private last: number) {}

  add(second: number, { counts, latencies }: UpstreamSample): void {
    this.advance(second);
    // A clock that was set back must not write over what is kept.
    if (second <= this.last - KEPT_SECONDS) return;
    const row = (second % KEPT_SECONDS) * COUNTS.length;
    for (const [i, count] of counts.entries()) this.counts[row + i] = (this.counts[row + i] ?? 0) + count;
    if (second <= this.last - KEPT_LATENCIES) return;
    const all = this.latenciesOf(second);
    for (const [i, count] of latencies.entries()) all[i] = (all[i] ?? 0) + count;
    for (const [i, name] of PERCENTILES.entries()) {
      const at = (second % KEPT_SECONDS) * PERCENTILES.length + i;
      this.percentiles[at] = percentile(all, SHARES[name]) ?? NO_REQUESTS;
    }
  }

  rates(from: number, to: number): Rates {
    const seconds = Array.from({ length: to - from }, (_, i) => from + i);
    const counts = COUNTS.map((name, i) => [name, seconds.map((second) => this.count(second, i))]);
    const percentiles = PERCENTILES.map((name, i) => [name, seconds.map((each) => this.percentile(each, i))]);
    // Each name has a column.
    return { from, ...Object.fromEntries([...counts, ...percentiles]) } as Rates;
  }

  sums(from: number, to: number): TrafficCounts & Percentiles {
    const sums: number[] = COUNTS.map(() => 0);
    const latencies = new Uint32Array(BUCKETS);
    for (
      let second = Math.max(from, this.last - KEPT_SECONDS + 1);
      second < to && this.has(second);
      second++
    ) {
      for (let i = 0; i < COUNTS.length; i++) sums[i] = (sums[i] ?? 0) + this.count(second, i);
      if (second <= this.last - KEPT_LATENCIES || this.count(second, 0) === 0) continue;
      // An iterator over a typed array took most of the time of an overview.
      const start = (second % KEPT_LATENCIES) * BUCKETS;
      for (let i = 0; i < BUCKETS; i++) latencies[i] = (latencies[i] ?? 0) + (this.latencies[start + i] ?? 0);
    }
    const known = PERCENTILES.flatMap((name) => {
      const bucket = percentile(latencies, SHARES[name]);
      return bucket === undefined ? [] : [[name, boundOf(bucket)]];
    });
    // Each name has a sum.
    const counts = Object.fromEntries(COUNTS.map((name, i) => [name, sums[i]])) as unknown as TrafficCounts;
    return { ...counts, ...Object.fromEntries(known) };
  }

  private has(second: number): boolean {
    return second <= this.last && second > this.last - KEPT_SECONDS;
  }

  private count(second: number, column: number): number {
    return this.has(second) ? (this.counts[(second % KEPT_SECONDS) * COUNTS.length + column] ?? 0) : 0;
  }

  private percentile(second: number, column: number): number | null {
    if (!this.has(second)) return null;
    const bucket = this.percentiles[(second % KEPT_SECONDS) * PERCENTILES.length + column] ?? NO_REQUESTS;
    return bucket === NO_REQUESTS ? null : boundOf(bucket);
  }

  private latenciesOf(second: number): Uint32Array {
    const start = (second % KEPT_LATENCIES) * BUCKETS;
    return this.latencies.subarray(start, start + BUCKETS);
  }

  /** Clears the seconds from the newest one to this one. */
  private advance(second: number): void {
    const first = Math.max(this.last + 1, second - KEPT_SECONDS + 1);
    for (let each = first; each <= second; each++) {
      const row = each % KEPT_SECONDS;
      this.counts.fill(0, row * COUNTS.length, (row + 1) * COUNTS.length);
      this.percentiles.fill(NO_REQUESTS, row * PERCENTILES.length, (row + 1) * PERCENTILES.length);
      this.latenciesOf(each).fill(0);
    }
    this.last = Math.max(this.last, second);
  }
}

/** Of upstreams without requests: to make an empty one for each of them took most of the time of an overview. */
const NO_HISTORY = new UpstreamHistory(0);
