import { hash32 } from '../../../common/hash.js';
import type { Target } from '../target.js';
import type { Balancer } from './balancer.js';
import { HashRing } from './hash-ring.js';

/** Places on the ring that are searched for a target to take a key of one that is coming back. */
const MAX_STEPS = 256;
/** Orders the keys of a target that is coming back: the same keys return first each time. */
const SCRAMBLE = (Math.sqrt(5) - 1) / 2;

/** Sends the same key to the same target. When a target goes, its keys spread over the others, and all other keys stay. */
export class ConsistentHash implements Balancer {
  private readonly ring: HashRing;
  private candidates: ReadonlySet<Target>;

  constructor(
    all: readonly Target[],
    private readonly random: () => number,
  ) {
    this.ring = new HashRing(all);
    this.candidates = new Set(all);
  }

  use(targets: readonly Target[]): void {
    this.candidates = new Set(targets);
  }

  /** Without a key any target will do. */
  pick(key: string | undefined, tried: readonly Target[]): Target {
    const point = key === undefined ? Math.floor(this.random() * 2 ** 32) : hash32(key);
    const home = this.next(this.ring.find(point), tried);
    const owner = this.ring.ownerAt(home);
    return owner.share === 1 || partOf(point) < owner.share ? owner : this.neighbour(home, point, tried);
  }

  /** @returns the target that has the key until it returns to its owner */
  private neighbour(home: number, point: number, tried: readonly Target[]): Target {
    const part = partOf(point);
    for (let place = home + 1; place <= home + MAX_STEPS; place++) {
      const each = this.ring.ownerAt(place);
      if (part < each.share && this.candidates.has(each) && !tried.includes(each)) return each;
    }
    return this.ring.ownerAt(home);
  }

  /** @returns the first place from this one on whose owner may be picked */
  private next(place: number, tried: readonly Target[]): number {
    const end = place + this.ring.size;
    for (; place < end; place++) {
      const each = this.ring.ownerAt(place);
      if (this.candidates.has(each) && !tried.includes(each)) return place;
    }
    throw new TypeError('no targets');
  }
}

/** @returns the share, 0..1, from which a target that is coming back has a key again */
function partOf(point: number): number {
  return (point * SCRAMBLE) % 1;
}
