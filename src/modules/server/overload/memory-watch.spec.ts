import { describe, expect, it } from 'vitest';
import { MemoryWatch } from './memory-watch.js';

describe('MemoryWatch', () => {
  const rejectedBy = (watch: MemoryWatch) =>
    (['low', 'normal', 'high'] as const).filter((priority) => watch.rejects(priority));

  const check = (watch: MemoryWatch, used: number) => {
    for (let samples = 0; samples < 3; samples++) watch.check(used, 0.9);
  };

  it.each([
    [0.84, []],
    [0.86, ['low']],
    [0.91, ['low', 'normal']],
    [0.96, ['low', 'normal', 'high']],
  ])('at %d of 90%% it rejects %j', (used, rejected) => {
    const watch = new MemoryWatch();
    check(watch, used);
    expect(rejectedBy(watch)).toEqual(rejected);
    expect(watch.isShort).toBe(rejected.length > 0);
  });

  it('is over when a twentieth more is free than when it began', () => {
    const watch = new MemoryWatch();
    check(watch, 0.86);
    check(watch, 0.82);
    expect(watch.isShort).toBe(true);
    expect(rejectedBy(watch)).toEqual([]);
    check(watch, 0.79);
    expect(watch.isShort).toBe(false);
  });

  it('ignores garbage, which the next collection frees', () => {
    const watch = new MemoryWatch();
    for (const used of [0.97, 0.5, 0.97, 0.99, 0.5, 0.97, 0.99, 0.5]) {
      watch.check(used, 0.9);
      expect(watch.isShort).toBe(false);
    }
  });
});
