import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';

/** opossum reads `resetTimeout`, the length of the open time in milliseconds, each time it opens. */
export type EngineOptions = CircuitBreaker.Options<[]> & { resetTimeout: number };

/**
 * @returns opossum as the holder of a state and of an open timer. Its own bulkhead, timeout, percentiles, snapshots and
 *   health check stay off: they vote, sort the window on each failure, or outlive a shutdown
 */
export function createEngine(openFor: number): [engine: CircuitBreaker<[], void>, options: EngineOptions] {
  const options: EngineOptions = {
    timeout: false,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    // Nothing emits the event that would rotate opossum's window, so it needs no timer.
    rotateBucketController: new EventEmitter(),
    resetTimeout: openFor,
  };
  return [new CircuitBreaker(() => Promise.resolve(), options), options];
}
