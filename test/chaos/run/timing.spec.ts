import { describe, expect, it } from 'vitest';
import { merged, withoutStalls } from './timing.js';

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

describe('withoutStalls', () => {
  const stalls = [
    { at: 300, ms: 50 },
    { at: 100, ms: 40 },
    { at: 120, ms: 30 },
  ];

  it.each([
    ['before all stalls', 0, 90, 90],
    ['that ends in a stall', 0, 110, 100],
    ['within a stall', 110, 20, 0],
    ['that begins in a stall', 140, 20, 10],
    ['between two stalls', 160, 100, 100],
    ['around two stalls, of which one is two that overlap', 50, 400, 300],
    ['after all stalls', 400, 5, 5],
  ])('corrects a request %s', (_, at, ms, corrected) => {
    expect(withoutStalls([request(at, ms)], stalls)).toEqual([request(at, corrected)]);
  });

  it('changes nothing on a quiet machine', () => {
    expect(withoutStalls([request(0, 90)], [])).toEqual([request(0, 90)]);
  });
});
