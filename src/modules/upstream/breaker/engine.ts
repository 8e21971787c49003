import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import type { Clock } from '../../../common/clock.js';
import { jittered } from '../../../common/resilience/jitter.js';
import type { BreakerConfig } from '../../config/gateway-config.js';

/** opossum reads `resetTimeout`, the length of the open time in milliseconds, each time it opens. */
export type EngineOptions = CircuitBreaker.Options<[]> & { resetTimeout: number };

const action = () => Promise.resolve();

/**
 * @returns opossum as the holder of a state and of an open timer. Its own bulkhead, timeout, percentiles, snapshots and
 *   health check stay off: they vote, sort the window on each failure, or outlive a shutdown
 */
export function createEngine(
  openFor: number,
  clock: Clock,
): [engine: CircuitBreaker<[], void>, options: EngineOptions] {
  const options: EngineOptions = {
    timeout: false,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    // Nothing emits the event that would rotate opossum's window, so it needs no timer.
    rotateBucketController: new EventEmitter(),
    resetTimeout: openFor,
  };
  return [
    clock.after ? new ClockedEngine(options, clock) : new CircuitBreaker<[], void>(action, options),
    options,
  ];
}

/** Its open time goes by on a clock that is set by hand. */
class ClockedEngine extends CircuitBreaker<[], void> {
  private openings = 0;

  constructor(
    options: EngineOptions,
    private readonly clock: Clock,
  ) {
    super(action, options);
  }

  override open(): void {
    const opening = ++this.openings;
    const { setTimeout } = globalThis;
    // opossum takes no timer from others: it calls the global one, in this turn.
    globalThis.setTimeout = ((callback: () => void, ms: number) => {
      this.clock.after?.(ms, () => {
        // opossum could not clear it.
        if (this.opened && opening === this.openings) callback();
      });
      return {};
      // It only keeps what is returned.
    }) as unknown as typeof setTimeout;
    try {
      super.open();
    } finally {
      globalThis.setTimeout = setTimeout;
    }
  }
}

/** Spreads open times, so that the gateways of a fleet do not try an upstream again at the same instant. */
const JITTER = 0.2;

/**
 * @param trips earlier ones in a row, each of which doubles the time
 * @param random in [0, 1)
 * @returns milliseconds for which a breaker stays open
 */
export function openTime({ openFor, maxOpenFor }: BreakerConfig, trips: number, random: number): number {
  const doubled = Math.min(openFor * 2 ** Math.min(trips, 30), maxOpenFor);
  return Math.min(Math.round(jittered(doubled, JITTER, random)), maxOpenFor);
}
