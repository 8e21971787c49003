import { expect, it } from 'vitest';
import { merged, timed } from './timing.js';

const request = (at: number, ms: number) => ({ flow: 'users', at, ms }) as const;

it('merges intervals that overlap', () => {
  const intervals = [
    { from: 8, to: 9 },
    { from: 1, to: 3 },
    { from: 2, to: 6 },
    { from: 3, to: 4 },
  ];
  expect(merged(intervals)).toEqual([
    { from: 1, to: 6 },
    { from: 8, to: 9 },
  ]);
});

it('leaves out requests during which a process stalled, and no others', () => {
  const stalls = [
    { at: 300, ms: 50 },
    { at: 100, ms: 50 },
  ];
  const requests = [
    request(0, 90),
    request(0, 110),
    request(120, 10),
    request(140, 200),
    request(160, 100),
    request(340, 5),
    request(360, 5),
  ];
  expect(timed(requests, stalls).map(({ at, ms }) => [at, ms])).toEqual([
    [0, 90],
    [160, 100],
    [360, 5],
  ]);
  expect(timed(requests, [])).toEqual(requests);
});
