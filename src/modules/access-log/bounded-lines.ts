import type { Clock } from '../../common/clock.js';

/** Lines of a kind per second, for what happens as often as anybody likes, or with every request during an outage. */
const MAX_LINES = 10;

/** @returns a function that writes as many lines in a second as are useful, and says how many it has left out */
export function boundedLines(clock: Clock, write: (entry: object) => void): (entry: object) => void {
  let second = 0;
  let logged = 0;
  let suppressed = 0;
  return (entry) => {
    const now = Math.floor(clock.now() / 1000);
    if (now !== second) {
      second = now;
      logged = 0;
    }
    if (logged === MAX_LINES) {
      suppressed++;
      return;
    }
    logged++;
    write({ ...entry, suppressed });
    suppressed = 0;
  };
}
