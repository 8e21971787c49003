import { hash32 } from '../../../common/hash.js';
import type { Target } from '../target.js';

/** For a target of the least weight: few enough to be made at once, many enough for arcs of about one length. */
const POINTS = 160;
/** Together: what many targets of many weights would take beyond it takes long to make, and gains little. */
const MOST_POINTS = 65_536;
/** A point and its owner sort as one number, exact up to 2^53. */
const OWNERS = 2 ** 20;

/**
 * Many points on a ring for each target, in proportion to the weights. Made once, for it costs milliseconds:
 * who is out, or was tried already, is passed over on the way along it.
 */
export class HashRing {
  readonly size: number;
  private readonly points: Uint32Array;
  private readonly owners: Uint32Array;

  constructor(targets: readonly Target[]) {
    const ring = sortedPoints(targets);
    this.size = ring.length;
    this.points = Uint32Array.from(ring, (each) => Math.floor(each / OWNERS));
    this.owners = Uint32Array.from(ring, (each) => each % OWNERS);
  }

  /** @returns the place of the first point from this one on; places go on beyond `size`, round and round */
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

  /** @returns index of the target whose point is at a place */
  ownerAt(place: number): number {
    return this.owners[place % this.size] ?? 0;
  }
}

function sortedPoints(targets: readonly Target[]): Float64Array {
  const unit = targets.reduce((divisor, { weight }) => gcd(divisor, weight), 0);
  const units = targets.reduce((sum, { weight }) => sum + weight / unit, 0);
  const perUnit = Math.max(1, Math.min(POINTS, Math.floor(MOST_POINTS / units)));
  const ring = new Float64Array(units * perUnit);
  /** Of a URL that is listed twice, the second has the next points, as if it were one of twice the weight. */
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
