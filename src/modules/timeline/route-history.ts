import { Injectable } from '@nestjs/common';
import { boundOf, BUCKETS, percentile } from './latency-buckets.js';
import { ERRORS, FIRST_BUCKET, REQUESTS, ROW, type RouteRows } from './route-counts.js';
import type { RouteTraffic, TopRoutes } from './shapes.js';

/** Seconds of a slot: counts of single seconds would take 7 KiB for each route. */
const SLOT = 10;
const KEPT_SLOTS = 90;
/** Slots whose latencies are counted together. Those of two such times are kept. */
const LATENCY_SLOTS = 6;
const COUNTED = KEPT_SLOTS * 2;

/** By which routes are ordered, the most first. */
export const ROUTE_ORDERS = ['errors', 'requests', 'p95'] as const;
export type RouteOrder = (typeof ROUTE_ORDERS)[number];

/** The requests of the last 15 minutes by route, those of all processes of the gateway: 1.3 KiB for each route that had any. */
@Injectable()
export class RouteHistory {
  private readonly routes = new Map<string, Slots>();
  private newest = 0;

  add(second: number, { names, rows }: RouteRows): void {
    const slot = Math.floor(second / SLOT);
    for (const [i, route] of names.entries()) {
      let slots = this.routes.get(route);
      if (!slots) this.routes.set(route, (slots = new Slots(slot)));
      slots.add(slot, rows.subarray(i * ROW, (i + 1) * ROW));
    }
    if (slot > this.newest) this.forget((this.newest = slot));
  }

  /**
   * @param now seconds since the epoch
   * @param seconds how far back it counts, at most 15 minutes
   */
  read(now: number, seconds: number): TopRoutes {
    const last = Math.floor(now / SLOT);
    const first = Math.max(Math.floor((now - seconds) / SLOT), last - KEPT_SLOTS + 1);
    const routes = [];
    for (const [route, slots] of this.routes) {
      const traffic = slots.read(route, first, last);
      if (traffic.requests > 0) routes.push(traffic);
    }
    return { seconds: now - first * SLOT, routes };
  }

  /** Routes that a reload has removed, and those that nobody calls any more. */
  private forget(now: number): void {
    for (const [route, { last }] of this.routes) if (last <= now - KEPT_SLOTS) this.routes.delete(route);
  }
}

/** @returns so many, those with the most first */
export function topOf(traffic: readonly RouteTraffic[], by: RouteOrder, most: number): RouteTraffic[] {
  const rank = (each: RouteTraffic) => each[by] ?? 0;
  return traffic.toSorted((a, b) => rank(b) - rank(a) || b.requests - a.requests).slice(0, most);
}

/** A ring of counts, and the latencies of the newest minute and of the one before. */
class Slots {
  private readonly counts = new Uint32Array(COUNTED + 2 * BUCKETS);

  /** @param last the newest slot */
  constructor(public last: number) {}

  add(slot: number, row: Uint32Array): void {
    this.advance(slot);
    // A clock that was set back must not write over what is kept.
    if (slot <= this.last - KEPT_SLOTS) return;
    const at = (slot % KEPT_SLOTS) * 2;
    this.increase(at, row[REQUESTS]);
    this.increase(at + 1, row[ERRORS]);
    if (minuteOf(slot) < minuteOf(this.last) - 1) return;
    const latencies = latenciesAt(minuteOf(slot));
    for (let i = 0; i < BUCKETS; i++) this.increase(latencies + i, row[FIRST_BUCKET + i]);
  }

  read(route: string, first: number, last: number): RouteTraffic {
    let [requests, errors] = [0, 0];
    for (let slot = Math.max(first, this.last - KEPT_SLOTS + 1); slot <= Math.min(last, this.last); slot++) {
      const at = (slot % KEPT_SLOTS) * 2;
      requests += this.counts[at] ?? 0;
      errors += this.counts[at + 1] ?? 0;
    }
    const bucket = this.percentile95(minuteOf(last));
    return { route, requests, errors, ...(bucket === undefined ? {} : { p95: boundOf(bucket) }) };
  }

  private percentile95(now: number): number | undefined {
    const both = new Uint32Array(BUCKETS);
    for (const minute of [now - 1, now]) {
      const newest = minuteOf(this.last);
      if (minute > newest || minute < newest - 1) continue;
      const from = latenciesAt(minute);
      for (let i = 0; i < BUCKETS; i++) both[i] = (both[i] ?? 0) + (this.counts[from + i] ?? 0);
    }
    return percentile(both, 0.95);
  }

  private increase(at: number, by = 0): void {
    this.counts[at] = (this.counts[at] ?? 0) + by;
  }

  /** Clears the slots and the minutes from the newest one to this one. */
  private advance(slot: number): void {
    if (slot <= this.last) return;
    for (let each = Math.max(this.last, slot - KEPT_SLOTS) + 1; each <= slot; each++)
      this.counts.fill(0, (each % KEPT_SLOTS) * 2, (each % KEPT_SLOTS) * 2 + 2);
    const minute = minuteOf(slot);
    for (let each = Math.max(minuteOf(this.last), minute - 2) + 1; each <= minute; each++)
      this.counts.fill(0, latenciesAt(each), latenciesAt(each) + BUCKETS);
    this.last = slot;
  }
}

const minuteOf = (slot: number) => Math.floor(slot / LATENCY_SLOTS);
const latenciesAt = (minute: number) => COUNTED + (minute % 2) * BUCKETS;
