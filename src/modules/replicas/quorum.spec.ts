import { describe, expect, it } from 'vitest';
import { agreedOpenTime, votesNeeded } from './quorum.js';

const vote = (openFor: number) => ({ age: 0, openFor });

describe('votesNeeded', () => {
  it.each([
    [1, 0.5, 2],
    [2, 0.5, 2],
    [3, 0.5, 2],
    [4, 0.5, 2],
    [5, 0.5, 3],
    [3, 1, 3],
    [30, 0.1, 3],
    [100, 0.01, 2],
    [7, 0.51, 4],
  ])('of %i replicas, with a quorum of %d: %i', (live, quorum, needed) => {
    expect(votesNeeded(live, quorum)).toBe(needed);
  });

  it('is at least two, at least the quorum, and at most one more than the quorum', () => {
    for (let live = 1; live <= 60; live++) {
      for (let percent = 1; percent <= 100; percent++) {
        const needed = votesNeeded(live, percent / 100);
        expect(needed).toBeGreaterThanOrEqual(2);
        expect(needed * 100).toBeGreaterThanOrEqual(live * percent);
        expect(needed === 2 || (needed - 1) * 100 < live * percent).toBe(true);
      }
    }
  });
});

describe('agreedOpenTime', () => {
  it.each([
    [[], 2, 0],
    [[5_000], 2, 0],
    [[5_000, 60_000], 2, 5_000],
    [[60_000, 4_000, 5_000], 2, 5_000],
    [[3, 1, 2], 3, 1],
    [[100, -20], 2, 0],
    [[], 0, 0],
  ])('of votes for %j ms, with %i needed: %i ms', (times, needed, agreed) => {
    expect(agreedOpenTime(times.map(vote), needed)).toBe(agreed);
  });

  it('is the last instant at which that many replicas are open', () => {
    for (let mask = 0; mask < 4 ** 4; mask++) {
      const times = [0, 1, 2, 3].map((i) => Math.floor(mask / 4 ** i) % 4);
      for (let needed = 1; needed <= 4; needed++) {
        const openAt = (t: number) => times.filter((time) => time > t).length >= needed;
        const last = [0, 1, 2, 3].find((t) => !openAt(t)) ?? 4;
        expect(agreedOpenTime(times.map(vote), needed)).toBe(last);
      }
    }
  });
});
