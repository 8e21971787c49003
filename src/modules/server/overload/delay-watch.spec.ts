import { expect, it } from 'vitest';
import { DelayWatch, CHECKS } from './delay-watch.js';

function after(...checks: boolean[]): boolean {
  const watch = new DelayWatch();
  for (const isLong of checks) watch.check(isLong);
  return watch.isOverloaded;
}

const times = (count: number, isLong: boolean) => Array.from({ length: count }, () => isLong);

it('begins when the delay was long at each check for a second', () => {
  expect(after(...times(CHECKS - 1, true))).toBe(false);
  expect(after(...times(CHECKS, true))).toBe(true);
});

it('does not begin while the delay is short now and then', () => {
  expect(after(...times(CHECKS - 1, true), false, ...times(CHECKS - 1, true))).toBe(false);
});

it('ends when the delay was short at as many checks', () => {
  expect(after(...times(CHECKS, true), ...times(CHECKS - 1, false))).toBe(true);
  expect(after(...times(CHECKS, true), ...times(CHECKS - 1, false), true, false)).toBe(true);
  expect(after(...times(CHECKS, true), ...times(CHECKS, false))).toBe(false);
});
