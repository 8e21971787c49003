import type { Clock } from '../../common/clock.js';

/** Milliseconds. Looks again at least so often: the wall clock may be set, and no timer is longer than 24 days. */
const LONGEST_WAIT = 60_000;

/**
 * Calls once the wall clock is past a date, never before it returns.
 *
 * @param date milliseconds since the epoch
 * @returns a function that stops it
 */
export function whenPast(clock: Clock, date: number, call: () => void): () => void {
  const wait = () => {
    const left = Math.max(date - clock.wall(), 0);
    return setTimeout(look, Math.min(left, LONGEST_WAIT));
  };
  const look = () => {
    if (clock.wall() >= date) call();
    else timer = wait();
  };
  let timer = wait();
  return () => clearTimeout(timer);
}
