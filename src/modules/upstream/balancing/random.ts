import type { Target } from '../target.js';
import { DrawingBalancer } from './drawing-balancer.js';
import { at } from './weighted-random.js';

/** By weight, blind to load. */
export class Random extends DrawingBalancer {
  override pick(_key: string | undefined, tried: readonly Target[]): Target {
    return at(this.targets, this.source.draw(tried));
  }
}
