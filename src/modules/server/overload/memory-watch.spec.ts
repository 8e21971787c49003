import { afterEach, describe, expect, it, vi } from 'vitest';
import { MemoryWatch, memoryUsed } from './memory-watch.js';

describe('MemoryWatch', () => {
  const rejectedBy = (watch: MemoryWatch) =>
    (['low', 'normal', 'high'] as const).filter((priority) => watch.rejects(priority));

  it.each([
    [0.84, []],
    [0.86, ['low']],
    [0.91, ['low', 'normal']],
    [0.96, ['low', 'normal', 'high']],
  ])('at %d of 90%% it rejects %j', (used, rejected) => {
    const watch = new MemoryWatch();
    watch.look(used, 0.9);
    expect(rejectedBy(watch)).toEqual(rejected);
    expect(watch.isShort).toBe(rejected.length > 0);
  });

  it('is over when a twentieth more is free than when it began', () => {
    const watch = new MemoryWatch();
    watch.look(0.86, 0.9);
    watch.look(0.82, 0.9);
    expect(watch.isShort).toBe(true);
    expect(rejectedBy(watch)).toEqual([]);
    watch.look(0.79, 0.9);
    expect(watch.isShort).toBe(false);
  });
});

describe('memoryUsed', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('is the share of the heap without a limit of the container', () => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(0);
    expect(memoryUsed(1)).toBeGreaterThan(0);
    expect(memoryUsed(1)).toBeLessThan(0.9);
  });

  it('is the share of the container when that is more, of which each process has a part', () => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(process.memoryUsage.rss() * 1.5);
    expect(memoryUsed(1)).toBeCloseTo(2 / 3, 1);
    expect(memoryUsed(2)).toBeCloseTo(4 / 3, 1);
  });
});
