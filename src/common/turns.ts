import { setImmediate } from 'node:timers/promises';

/** Milliseconds of a turn in work that requests wait for anyway, such as a reload. */
const LONGEST_TURN = 8;
/** Milliseconds of a turn in work for operators, which must not delay requests more than they delay each other. */
export const SHORT_TURN = 0.5;

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

/** @returns the same for work that requests do not wait for */
export function shortTurns(): Turn {
  return turns(SHORT_TURN);
}

/** As `Array.from` with a function, in short turns. */
export async function mapInTurns<T, R>(items: Iterable<T>, map: (item: T) => R): Promise<R[]> {
  const turn = shortTurns();
  const mapped: R[] = [];
  for (const item of items) {
    mapped.push(map(item));
    const wait = turn();
    if (wait) await wait;
  }
  return mapped;
}

/** @returns a text in pieces, each of which takes a short turn to make */
export async function* piecesOf(parts: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  const turn = shortTurns();
  let piece = '';
  for await (const part of parts) {
    piece += part;
    const wait = turn();
    if (!wait) continue;
    yield piece;
    piece = '';
    await wait;
  }
  yield piece;
}
