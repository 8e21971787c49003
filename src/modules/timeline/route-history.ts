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
    // The clock was set back when a sample is older than all that is kept.
    if (slot > this.newest || slot < this.newest - KEPT_SLOTS) this.forget((this.newest = slot));
    for (const [i, route] of names.entries()) {
      let slots = this.routes.get(route);
      if (!slots) this.routes.set(route, (slots = new Slots(slot)));
      slots.add(slot, rows.subarray(i * ROW, (i + 1) * ROW));
    }
  }

  /**
   * @param now seconds since the epoch
   * @param seconds how far back it counts, at most 15 minutes
   * @param orders what the routes shall have the most of
   * @param most of each order
   * @returns those of the first order, and then those that only others have
   */
  top(now: number, seconds: number, orders: readonly RouteOrder[], most: number): TopRoutes {
    const last = Math.floor(now / SLOT);
    const first = Math.max(Math.floor((now - seconds) / SLOT), last - KEPT_SLOTS + 1);
    const found: RouteTraffic[] = [];
    for (const [route, slots] of this.routes) {
      const { requests, errors } = slots.sum(first, last);
      if (requests > 0) found.push({ route, requests, errors });
    }
    // Latencies take more time than all the rest, so only those are read that are told or compared.
    const withP95 = (each: RouteTraffic) => ({ ...each, p95: this.routes.get(each.route)?.p95(last) });
    const compared = orders.includes('p95') ? found.map(withP95) : found;
    const tops = new Set(orders.flatMap((by) => topOf(compared, by, most)));
    return { seconds: now - first * SLOT, routes: Array.from(tops, withP95) };
  }

  /** Routes that a reload has removed, those that nobody calls any more, and counts of a clock that was ahead. */
  private forget(now: number): void {
    for (const [route, { last }] of this.routes)
      if (last <= now - KEPT_SLOTS || last > now + KEPT_SLOTS) this.routes.delete(route);
  }
}

/** @returns so many, those with the most first; it sorts no others, of which there may be 10,000 */
function topOf(traffic: readonly RouteTraffic[], by: RouteOrder, most: number): RouteTraffic[] {
  const top: RouteTraffic[] = [];
  const isBefore = (a: RouteTraffic, b: RouteTraffic | undefined) =>
    b === undefined || (a[by] ?? 0) > (b[by] ?? 0) || (a[by] === b[by] && a.requests > b.requests);
  for (const each of traffic) {
    if (top.length === most && !isBefore(each, top.at(-1))) continue;
    const place = top.findIndex((other) => isBefore(each, other));
    top.splice(place === -1 ? top.length : place, 0, each);
    if (top.length > most) top.pop();
  }
  return top;
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

  sum(first: number, last: number): { requests: number; errors: number } {
    let [requests, errors] = [0, 0];
    for (let slot = Math.max(first, this.last - KEPT_SLOTS + 1); slot <= Math.min(last, this.last); slot++) {
      const at = (slot % KEPT_SLOTS) * 2;
      requests += this.counts[at] ?? 0;
      errors += this.counts[at + 1] ?? 0;
    }
    return { requests, errors };
  }

  /** @returns milliseconds: of the last one to two minutes before the end of a slot */
  p95(slot: number): number | undefined {
    const latencies = new Uint32Array(BUCKETS);
    const newest = minuteOf(this.last);
    for (const minute of [minuteOf(slot) - 1, minuteOf(slot)]) {
      if (minute > newest || minute < newest - 1) continue;
      const from = latenciesAt(minute);
      for (let i = 0; i < BUCKETS; i++) latencies[i] = (latencies[i] ?? 0) + (this.counts[from + i] ?? 0);
    }
    const bucket = percentile(latencies, 0.95);
    return bucket === undefined ? undefined : boundOf(bucket);
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
