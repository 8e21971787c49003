import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mapInTurns, piecesOf } from './turns.js';

/** Milliseconds that the work on one entry takes. */
const WORK = 0.2;

describe('work in turns', () => {
  let now = 0;
  let turn = 0;
  let timer: NodeJS.Immediate;

  beforeEach(() => {
    [now, turn] = [0, 0];
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const count = () => {
      turn++;
      timer = setImmediate(count);
    };
    timer = setImmediate(count);
  });
  afterEach(() => {
    clearImmediate(timer);
    vi.restoreAllMocks();
  });

  const work = () => {
    now += WORK;
    return turn;
  };

  it('maps a list, with a turn for others after half a millisecond', async () => {
    const mapped = await mapInTurns(Array.from({ length: 9 }), work);
    const perTurn = [...new Set(mapped)].map((each) => mapped.filter((other) => other === each).length);
    expect(perTurn).toEqual([3, 3, 3]);
  });

  it('maps a short list at once', async () => {
    expect(await mapInTurns(['a', 'b'], (each) => each + work())).toEqual(['a0', 'b0']);
  });

  it('joins the parts of a turn to one piece', async () => {
    const parts = function* () {
      for (const each of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
        work();
        yield each;
      }
    };
    const pieces: string[] = [];
    for await (const piece of piecesOf(parts())) pieces.push(piece);
    expect(pieces).toEqual(['abc', 'def', 'g']);
  });
});
