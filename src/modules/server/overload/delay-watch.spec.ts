import { expect, it } from 'vitest';
import { DelayWatch, LOOKS } from './delay-watch.js';

function after(...looks: boolean[]): boolean {
  const watch = new DelayWatch();
  for (const isLong of looks) watch.look(isLong);
  return watch.isOverloaded;
}

const times = (count: number, isLong: boolean) => Array.from({ length: count }, () => isLong);

it('begins when the delay was long at each look for a second', () => {
  expect(after(...times(LOOKS - 1, true))).toBe(false);
  expect(after(...times(LOOKS, true))).toBe(true);
});

it('does not begin while the delay is short now and then', () => {
  expect(after(...times(LOOKS - 1, true), false, ...times(LOOKS - 1, true))).toBe(false);
});

it('ends when the delay was short at as many looks', () => {
  expect(after(...times(LOOKS, true), ...times(LOOKS - 1, false))).toBe(true);
  expect(after(...times(LOOKS, true), ...times(LOOKS - 1, false), true, false)).toBe(true);
  expect(after(...times(LOOKS, true), ...times(LOOKS, false))).toBe(false);
});
