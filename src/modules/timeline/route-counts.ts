import { BUCKETS } from './latency-buckets.js';

/** Columns of a row; those of the buckets of latencies follow. */
export const REQUESTS = 0;
export const ERRORS = 1;
export const FIRST_BUCKET = 2;
export const ROW = FIRST_BUCKET + BUCKETS;

/** The requests of some routes, one row of `ROW` numbers for each. One array costs little to send to another process. */
export interface RouteRows {
  readonly names: readonly string[];
  readonly rows: Uint32Array;
}

/** Counts the requests of this process by route. It has room for the routes that had requests at the same time. */
export class RouteCounts {
  private readonly firsts = new Map<string, number>();
  private rows = new Uint32Array(8 * ROW);

  /** @param bucket of its latency; `undefined` for a tunnel, which lasts as long as its users like */
  add(route: string, isError: boolean, bucket: number | undefined): void {
    const first = this.firsts.get(route) ?? this.begin(route);
    this.increase(first + REQUESTS);
    if (isError) this.increase(first + ERRORS);
    if (bucket !== undefined) this.increase(first + FIRST_BUCKET + bucket);
  }

  /** @returns what was counted since the last call */
  take(): RouteRows {
    const taken = { names: [...this.firsts.keys()], rows: this.rows.slice(0, this.firsts.size * ROW) };
    this.firsts.clear();
    this.rows.fill(0, 0, taken.rows.length);
    return taken;
  }

  private begin(route: string): number {
    const first = this.firsts.size * ROW;
    this.firsts.set(route, first);
    if (first < this.rows.length) return first;
    const { rows } = this;
    this.rows = new Uint32Array(2 * rows.length);
    this.rows.set(rows);
    return first;
  }

  private increase(at: number): void {
    this.rows[at] = (this.rows[at] ?? 0) + 1;
  }
}
