import { setImmediate } from 'node:timers/promises';

/** Milliseconds of work that requests wait for anyway, such as a reload. */
const LONGEST_TURN = 8;

/** To be awaited again and again in long work; `undefined` while there is no need to wait. */
export type Turn = () => Promise<void> | undefined;

/** @returns a function that lets other events have their turn when the work has gone on for `longest` milliseconds */
export function turns(longest = LONGEST_TURN): Turn {
  let since = performance.now();
  return () => {
    if (performance.now() - since < longest) return undefined;
    return setImmediate().then(() => void (since = performance.now()));
  };
}
