import { setImmediate } from 'node:timers/promises';

/** Milliseconds. */
const LONGEST_TURN = 8;

/** To be awaited again and again in long work; `undefined` while there is no need to wait. */
export type Turn = () => Promise<void> | undefined;

/** @returns a function that lets other events have their turn when the work has gone on for long enough */
export function turns(): Turn {
  let since = performance.now();
  return () => {
    if (performance.now() - since < LONGEST_TURN) return undefined;
    return setImmediate().then(() => void (since = performance.now()));
  };
}
