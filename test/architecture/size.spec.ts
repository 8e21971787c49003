import { expect, it } from 'vitest';
import { sourceFiles } from './source-files.js';

const sizes = sourceFiles()
  .map(({ path, lines }) => ({ path, lines }))
  .toSorted((a, b) => a.lines - b.lines);

it('keeps 90% of the files under 180 lines', () => {
  expect(sizes[Math.floor(sizes.length * 0.9)]?.lines).toBeLessThan(180);
});

it('keeps every file under 350 lines', () => {
  expect(sizes.filter(({ lines }) => lines > 350)).toEqual([]);
});
