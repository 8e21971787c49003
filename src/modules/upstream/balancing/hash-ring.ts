import { hash32 } from '../../../common/hash.js';
import type { Target } from '../target.js';
import { at } from './balancer.js';

/** Points of a target of the least weight: few enough to be made fast, enough for arcs of about equal length. */
const POINTS = 160;
/** Points of all targets together: more take long to make, and gain little. */
const MAX_POINTS = 65_536;
/** A point and its owner sort as one number, exact up to 2^53. */
const OWNERS = 2 ** 20;

/**
 * Many points on a ring for each target, in proportion to the weights. It is made once, because that costs milliseconds:
 * targets that are out or were tried are passed over on the way along the ring.
 */
export class HashRing {
  readonly size: number;
  private readonly points: Uint32Array;
  private readonly owners: readonly Target[];

  constructor(targets: readonly Target[]) {
    const ring = sortedPoints(targets);
    this.size = ring.length;
    this.points = Uint32Array.from(ring, (each) => Math.floor(each / OWNERS));
    this.owners = Array.from(ring, (each) => at(targets, each % OWNERS));
  }

  /** @returns the place of the first point from this one on; places beyond `size` wrap around */
  find(point: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.points[middle] ?? 0) < point) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @returns the target whose point is at a place */
  ownerAt(place: number): Target {
    return at(this.owners, place % this.size);
  }
}

function sortedPoints(targets: readonly Target[]): Float64Array {
  const unit = targets.reduce((divisor, { weight }) => gcd(divisor, weight), 0);
  const units = targets.reduce((sum, { weight }) => sum + weight / unit, 0);
  const perUnit = Math.max(1, Math.min(POINTS, Math.floor(MAX_POINTS / units)));
  const ring = new Float64Array(units * perUnit);
  /** The second of two equal URLs gets the next points, as if there were one target of twice the weight. */
  const listed = new Map<string, number>();
  let size = 0;
  for (const [owner, { url, weight }] of targets.entries()) {
    const from = listed.get(url) ?? 0;
    const to = from + (weight / unit) * perUnit;
    for (let i = from; i < to; i++) ring[size++] = hash32(`${url}#${i}`) * OWNERS + owner;
    listed.set(url, to);
  }
  return ring.toSorted();
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
