import { describe, expect, it } from 'vitest';
import { RestartPolicy } from './restart-policy.js';

const pauses = (policy: RestartPolicy, ends: readonly number[]) => ends.map((each) => policy.ended(each));

describe('RestartPolicy', () => {
  it('replaces the first worker at once, and those that follow after longer and longer pauses', () => {
    const ends = Array.from({ length: 9 }, () => 2_000);
    expect(pauses(new RestartPolicy(), ends)).toEqual([0, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  it('replaces a worker at once after one that has served for a minute', () => {
    const policy = new RestartPolicy();
    expect(pauses(policy, [2_000, 2_000, 2_000, 60_000, 2_000])).toEqual([0, 100, 200, 400, 0]);
  });

  it('gives up after five workers in a row that ended at once', () => {
    expect(pauses(new RestartPolicy(), [0, 0, 999, 0, 0])).toEqual([0, 100, 200, 400, undefined]);
    expect(pauses(new RestartPolicy(), [0, 0, 0, 0, 1_000, 0, 0])).toEqual([
      0, 100, 200, 400, 800, 1600, 3200,
    ]);
  });
});
